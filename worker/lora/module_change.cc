// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/lora/module_change.h"

#include <ATen/ATen.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/weights/loader.h"

namespace hanga {
namespace {

using Role = AdapterRole;
using Form = ModuleChange::Form;

// A module's tensors in float32; undefined where it has none.
class Parts {
 public:
  static absl::StatusOr<Parts> Read(const AdapterModule& module) {
    Parts parts;
    for (const auto& [role, stored] : module.parts) {
      if (!WeightType(stored.type)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "'", module.name, "' is ", DescribeTensor(stored), ", which is no weight"));
      }
      const absl::StatusOr<at::Tensor> read = ReadTensor(module.name, stored);
      if (!read.ok()) return read.status();
      parts.tensors_[role] = read->to(at::kFloat);
    }
    if (module.alpha) parts.alpha_ = module.alpha;
    if (const at::Tensor alpha = parts[Role::kAlpha]; alpha.defined() && alpha.numel() == 1)
      parts.alpha_ = alpha.item<double>();
    return parts;
  }

  at::Tensor operator[](Role role) const {
    const auto found = tensors_.find(role);
    return found == tensors_.end() ? at::Tensor() : found->second;
  }
  double Scale(int64_t rank) const {
    return alpha_ && rank > 0 ? *alpha_ / static_cast<double>(rank) : 1.0;
  }

 private:
  std::map<Role, at::Tensor> tensors_;
  std::optional<double> alpha_;
};

// mid [r1, r2, k, k] and down [r2, in] come to one kernel [r1, in * k * k] (Tucker's form).
at::Tensor WithCore(const at::Tensor& core, const at::Tensor& down) {
  return at::tensordot(core, down.flatten(1), {1}, {0}).permute({0, 3, 1, 2}).flatten(1);
}

void MakeLowRank(const Parts& parts, ModuleChange* change) {
  const at::Tensor down = parts[Role::kDown], up = parts[Role::kUp], mid = parts[Role::kMid];
  change->form = Form::kLowRank;
  change->a = mid.defined() ? WithCore(mid, down) : down.flatten(1);
  change->b = up.flatten(1) * parts.Scale(down.size(0));
  change->bias = parts[Role::kUpBias];
}

// (A1 B1) ∘ (A2 B2) is of rank r1 * r2: its factors are the products of the halves' by rows and by
// columns (Khatri-Rao). Where that rank is no smaller than the weight, the whole costs less.
void MakeHadamard(const Parts& parts, ModuleChange* change) {
  at::Tensor up[2], down[2];
  const Role roles[2][3] = {{Role::kHada1A, Role::kHada1B, Role::kHadaT1},
                            {Role::kHada2A, Role::kHada2B, Role::kHadaT2}};
  for (int half = 0; half < 2; ++half) {
    const at::Tensor a = parts[roles[half][0]], b = parts[roles[half][1]];
    const at::Tensor core = parts[roles[half][2]];
    up[half] = core.defined() ? a.t() : a;  // [rows, r]
    down[half] = core.defined() ? WithCore(core, b) : b.flatten(1);
  }
  const double scale = parts.Scale(parts[Role::kHada1B].size(0));
  const int64_t rank = up[0].size(1) * up[1].size(1);
  if (rank < std::min(up[0].size(0), down[0].size(1))) {
    change->form = Form::kLowRank;
    change->a = (down[0].unsqueeze(1) * down[1].unsqueeze(0)).flatten(0, 1);
    change->b = (up[0].unsqueeze(2) * up[1].unsqueeze(1)).flatten(1) * scale;
  } else {
    change->form = Form::kDense;
    change->a = at::mm(up[0], down[0]) * at::mm(up[1], down[1]) * scale;
  }
}

void MakeKronecker(const Parts& parts, ModuleChange* change) {
  int64_t rank = 0;  // none where both are whole: their scale is part of them
  at::Tensor first = parts[Role::kKron1], second = parts[Role::kKron2];
  if (!first.defined()) {
    rank = parts[Role::kKron1B].size(0);
    first = at::mm(parts[Role::kKron1A], parts[Role::kKron1B]);
  }
  if (!second.defined()) {
    const at::Tensor a = parts[Role::kKron2A], b = parts[Role::kKron2B];
    const at::Tensor core = parts[Role::kKronT2];
    rank = b.size(0);
    second = core.defined() ? at::mm(a.t(), WithCore(core, b)) : at::mm(a, b.flatten(1));
  }
  change->form = Form::kKronecker;
  change->a = first.flatten(1);
  change->b = second.flatten(1) * parts.Scale(rank);
}

// Learned lengths of rows become a gain; those of columns go into the change itself, which is
// whole then.
absl::Status MakeGain(const at::Tensor& magnitude, const at::Tensor& base, ModuleChange* change) {
  if (!base.defined()) return absl::InvalidArgumentError("has lengths (DoRA) of no matrix");
  const at::Tensor weight = base.to(at::kFloat).narrow(0, change->first_row, change->rows);
  const at::Tensor flat = weight.flatten(1);
  const at::Tensor changed = flat + DenseOf(*change);
  const bool of_rows =
      magnitude.numel() == change->rows && magnitude.dim() > 0 && magnitude.size(0) == change->rows;
  if (of_rows) {
    change->gain = magnitude.flatten() / changed.norm(2, 1);
    return absl::OkStatus();
  }
  if (magnitude.numel() != weight.size(1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "has ", magnitude.numel(), " lengths (DoRA), not ", change->rows, " or ", weight.size(1)));
  }
  const at::Tensor columns = changed.view(weight.sizes()).transpose(0, 1).flatten(1);
  const at::Tensor gain = magnitude.flatten() / columns.norm(2, 1);  // [in]
  const at::Tensor turned = (columns * gain.unsqueeze(1)).view_as(weight.transpose(0, 1));
  change->form = Form::kDense;
  change->a = turned.transpose(0, 1).flatten(1) - flat;
  change->b.reset();
  return absl::OkStatus();
}

at::Tensor SwappedHalves(const at::Tensor& rows) {
  if (!rows.defined()) return rows;
  const auto halves = rows.chunk(2, 0);
  return at::cat({halves[1], halves[0]});
}

// The adapter's layout has the halves of this weight the other way round.
void SwapHalves(ModuleChange* change) {
  if (change->form == Form::kKronecker) {
    change->a = DenseOf(*change);
    change->b.reset();
    change->form = Form::kDense;
  }
  at::Tensor& rows = change->form == Form::kLowRank ? change->b : change->a;
  rows = SwappedHalves(rows);
  change->bias = SwappedHalves(change->bias);
}

}  // namespace

uint64_t ModuleChange::bytes() const {
  uint64_t sum = 0;
  for (const at::Tensor* t : {&a, &b, &bias, &gain}) sum += t->defined() ? t->nbytes() : 0;
  return sum;
}

ModuleChange ModuleChange::To(at::Device device, at::ScalarType type) const {
  ModuleChange moved = *this;
  for (at::Tensor* t : {&moved.a, &moved.b, &moved.bias, &moved.gain}) {
    if (t->defined()) *t = t->contiguous().to(device, type);
  }
  return moved;
}

at::Tensor DenseOf(const ModuleChange& change) {
  switch (change.form) {
    case Form::kNone:
      return {};
    case Form::kLowRank:
      return at::mm(change.b, change.a);
    case Form::kDense:
      return change.a;
    case Form::kKronecker:
      return at::kron(change.a, change.b);
  }
  return {};
}

absl::StatusOr<ModuleChange> MakeChange(const PlannedChange& planned, const at::Tensor& base) {
  const absl::StatusOr<Parts> read = Parts::Read(planned.module);
  if (!read.ok()) return read.status();
  const Parts& parts = *read;
  ModuleChange change;
  change.first_row = planned.place.first_row;
  change.rows = planned.place.rows;
  switch (planned.form) {
    case AdapterForm::kLowRank:
      MakeLowRank(parts, &change);
      break;
    case AdapterForm::kHadamard:
      MakeHadamard(parts, &change);
      break;
    case AdapterForm::kKronecker:
      MakeKronecker(parts, &change);
      break;
    case AdapterForm::kDifference:
    case AdapterForm::kValue: {
      const bool whole = planned.form == AdapterForm::kValue;
      at::Tensor difference = parts[whole ? Role::kValue : Role::kDifference];
      if (whole) difference = difference - base.to(at::kFloat);
      change.form = Form::kDense;
      change.a = difference.dim() > 1 ? difference.flatten(1) : difference;
      break;
    }
    case AdapterForm::kBiasOnly:
      break;
  }
  if (const at::Tensor bias = parts[Role::kBiasDifference]; bias.defined()) change.bias = bias;
  if (planned.place.swap_halves) SwapHalves(&change);
  const at::Tensor magnitude = parts[Role::kMagnitude];
  if (!magnitude.defined()) return change;
  const absl::Status gained =
      MakeGain(planned.place.swap_halves ? SwappedHalves(magnitude) : magnitude, base, &change);
  if (gained.ok()) return change;
  return absl::InvalidArgumentError(absl::StrCat("'", planned.module.name, "' ", gained.message()));
}

void MergeChange(const ModuleChange& change, double strength, const at::Tensor& weight,
                 const at::Tensor& bias) {
  if (change.form != Form::kNone) {
    at::Tensor rows = weight.narrow(0, change.first_row, change.rows);
    if (rows.dim() > 1) rows = rows.flatten(1);
    at::Tensor difference = DenseOf(change);
    if (change.gain.defined()) difference = change.gain.unsqueeze(1) * (rows + difference) - rows;
    rows.add_(difference.view_as(rows), strength);
  }
  if (change.bias.defined() && bias.defined())
    bias.narrow(0, change.first_row, change.rows).add_(change.bias, strength);
}

}  // namespace hanga
