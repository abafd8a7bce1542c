// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/lora/adapter_plan.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/lora/architecture.h"
#include "worker/weights/key_list.h"

namespace hanga {
namespace {

using Shape = std::vector<int64_t>;

int64_t Product(const Shape& shape, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end && i < shape.size(); ++i) product *= shape[i];
  return product;
}

std::string Text(const Shape& shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

// One module's tensors against each other and against the weight that they change. The first fault
// is kept.
class Fit {
 public:
  Fit(const AdapterModule& module, const ModulePlace& place) : module_(module), place_(place) {}

  const std::string& fault() const { return fault_; }

  AdapterForm Check() {
    for (const AdapterRole role : {AdapterRole::kUpBias, AdapterRole::kBiasDifference}) {
      if (Has(role) && ShapeOf(role) != Shape{place_.rows})
        Say(absl::StrCat("has a bias of ", Text(ShapeOf(role)), ", not [", place_.rows, "]"));
    }
    if (Has(AdapterRole::kDown) || Has(AdapterRole::kUp)) return CheckLowRank();
    if (Has(AdapterRole::kHada1A)) return CheckHadamard();
    if (Has(AdapterRole::kKron1) || Has(AdapterRole::kKron1A)) return CheckKronecker();
    const bool difference = Has(AdapterRole::kDifference);
    if (difference || Has(AdapterRole::kValue)) {
      const auto role = difference ? AdapterRole::kDifference : AdapterRole::kValue;
      if (ShapeOf(role) != place_.weight.shape) Differs(role, place_.weight.shape);
      return difference ? AdapterForm::kDifference : AdapterForm::kValue;
    }
    if (Has(AdapterRole::kBiasDifference)) return AdapterForm::kBiasOnly;
    Say("has no tensors that make a change");
    return AdapterForm::kLowRank;
  }

 private:
  bool Has(AdapterRole role) const { return module_.Find(role) != nullptr; }
  Shape ShapeOf(AdapterRole role) const {
    const StoredTensor* tensor = module_.Find(role);
    return tensor == nullptr ? Shape() : tensor->shape;
  }
  int64_t Dim(AdapterRole role, size_t dim) const {
    const Shape shape = ShapeOf(role);
    return dim < shape.size() ? shape[dim] : 1;
  }

  void Say(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
  }
  void Differs(AdapterRole role, const Shape& wanted) {
    Say(absl::StrCat("is ", Text(ShapeOf(role)), ", the model's weight ", Text(wanted)));
  }

  bool Need(std::initializer_list<AdapterRole> roles, const char* kind) {
    for (const AdapterRole role : roles) {
      if (!Has(role) || ShapeOf(role).size() < 2) {
        Say(absl::StrCat("lacks one of the matrices of its ", kind));
        return false;
      }
    }
    return true;
  }
  void SameRank(int64_t a, int64_t b) {
    if (a != b) Say(absl::StrCat("has matrices of ranks ", a, " and ", b));
  }
  void Covers(int64_t rows, int64_t columns) {
    const Shape& weight = place_.weight.shape;
    const int64_t width = Product(weight, 1, weight.size());
    if (rows == place_.rows && columns == width) return;
    Say(absl::StrCat("changes a weight of ", rows, " x ", columns, ", the model's has ",
                     place_.rows, " x ", width));
  }

  AdapterForm CheckLowRank() {
    if (!Need({AdapterRole::kDown, AdapterRole::kUp}, "LoRA")) return AdapterForm::kLowRank;
    const Shape down = ShapeOf(AdapterRole::kDown), up = ShapeOf(AdapterRole::kUp);
    int64_t columns = Product(down, 1, down.size());
    if (Has(AdapterRole::kMid)) {
      const Shape mid = ShapeOf(AdapterRole::kMid);
      SameRank(Dim(AdapterRole::kMid, 1), down[0]);
      SameRank(Dim(AdapterRole::kMid, 0), up[1]);
      columns *= Product(mid, 2, mid.size());
    } else {
      SameRank(down[0], up[1]);
    }
    if (down[0] < 1) Say("has rank 0");
    if (Product(up, 2, up.size()) != 1) Say("has an up that is no 1x1 convolution");
    Covers(up[0], columns);
    return AdapterForm::kLowRank;
  }

  AdapterForm CheckHadamard() {
    using R = AdapterRole;
    if (!Need({R::kHada1A, R::kHada1B, R::kHada2A, R::kHada2B}, "LoHa"))
      return AdapterForm::kHadamard;
    const auto half = [&](R a, R b, R t) {
      const Shape core = ShapeOf(t);
      if (core.empty()) {
        SameRank(Dim(a, 1), Dim(b, 0));
        return Covers(Dim(a, 0), Product(ShapeOf(b), 1, 9));
      }
      SameRank(Dim(a, 0), Dim(t, 0));
      SameRank(Dim(b, 0), Dim(t, 1));
      Covers(Dim(a, 1), Dim(b, 1) * Product(core, 2, core.size()));
    };
    half(R::kHada1A, R::kHada1B, R::kHadaT1);
    half(R::kHada2A, R::kHada2B, R::kHadaT2);
    return AdapterForm::kHadamard;
  }

  AdapterForm CheckKronecker() {
    using R = AdapterRole;
    int64_t rows = Dim(R::kKron1, 0), columns = Dim(R::kKron1, 1);
    if (Has(R::kKron1)) {
      if (ShapeOf(R::kKron1).size() != 2 || (Has(R::kKron2) && ShapeOf(R::kKron2).size() < 2))
        Say("has factors (LoKr) that are no matrices");
    } else {
      if (!Need({R::kKron1A, R::kKron1B}, "LoKr")) return AdapterForm::kKronecker;
      SameRank(Dim(R::kKron1A, 1), Dim(R::kKron1B, 0));
      rows = Dim(R::kKron1A, 0), columns = Dim(R::kKron1B, 1);
    }
    if (Has(R::kKron2)) {
      const Shape second = ShapeOf(R::kKron2);
      Covers(rows * Dim(R::kKron2, 0), columns * Product(second, 1, second.size()));
    } else if (Need({R::kKron2A, R::kKron2B}, "LoKr")) {
      const Shape core = ShapeOf(R::kKronT2), b = ShapeOf(R::kKron2B);
      const bool cored = !core.empty();
      SameRank(cored ? Dim(R::kKron2A, 0) : Dim(R::kKron2A, 1), cored ? core[0] : b[0]);
      if (cored) SameRank(Dim(R::kKronT2, 1), b[0]);
      Covers(rows * Dim(R::kKron2A, cored ? 1 : 0),
             columns * Product(b, 1, b.size()) * Product(core, 2, core.size()));
    }
    return AdapterForm::kKronecker;
  }

  const AdapterModule& module_;
  const ModulePlace& place_;
  std::string fault_;
};

}  // namespace

absl::StatusOr<std::vector<PlannedChange>> PlanAdapter(const TensorSource& file,
                                                       const ModuleNames& names,
                                                       const std::string& family) {
  absl::StatusOr<std::vector<AdapterModule>> modules = ReadAdapterModules(file);
  if (!modules.ok()) return modules.status();
  const std::string architecture = LooksLike(*modules);
  KeyList unknown("unknown module"), unfit("unfit module");
  std::vector<PlannedChange> planned;
  for (AdapterModule& module : *modules) {
    const ModulePlace* place = names.Find(module.name);
    if (place == nullptr) {
      unknown.Add(module.name);
      continue;
    }
    Fit fit(module, *place);
    const AdapterForm form = fit.Check();
    if (!fit.fault().empty()) {
      unfit.Add(module.name, absl::StrCat(" ", fit.fault()));
      continue;
    }
    planned.push_back({std::move(module), *place, form});
  }
  if (unknown.empty() && unfit.empty()) return planned;
  // Where next to nothing fits it is another model's; else what is wrong tells more.
  const bool other = planned.size() * 2 < modules->size() && !MayBeFor(architecture, family);
  return absl::InvalidArgumentError(
      absl::StrCat(other ? absl::StrCat("it looks like an adapter for ", architecture,
                                        ", the model is ", FamilyTitle(family), ": ")
                         : "",
                   JoinKeyLists({unknown, unfit})));
}

}  // namespace hanga
