// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/flux_group.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/flux_model.h"
#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/pipelines/torch_options.h"
#include "worker/weights/loader.h"

namespace hanga {
namespace {

constexpr int kLeader = 0;

// Whatever is done to every network: its name, the plan's component and the checkpoint's part that
// it belongs to, and its list.
template <typename Visit>
void VisitNetworks(const FluxModel& m, Visit&& visit) {
  visit("text_encoder", "text_encoder", "text_encoder", m.clip);
  visit("text_encoder_2", "text_encoder_2", "text_encoder_2", m.t5);
  visit("conditioning", "conditioning", "transformer", m.conditioning);
  visit("transformer", "transformer", "transformer", m.transformer);
  visit("vae_encoder", "vae", "vae", m.encoder);
  visit("vae_decoder", "vae", "vae", m.decoder);
}

// What the blocks declare, of a source that holds more.
TensorSource Only(const TensorSource& source, const std::vector<BlockWeights*>& blocks) {
  TensorSource::Tensors tensors;
  for (const BlockWeights* block : blocks) {
    for (const Slot& slot : block->slots) {
      if (const StoredTensor* stored = source.Find(slot.key)) tensors[slot.key] = *stored;
    }
  }
  return TensorSource(std::move(tensors), source.metadata());
}

class FluxPart final : public RankPart {
 public:
  FluxPart(std::unique_ptr<FluxModel> model, Routes routes)
      : model_(std::move(model)), routes_(std::move(routes)) {}

  const Routes& routes() const override { return routes_; }
  absl::Status RunRange(const std::string& network, size_t begin, size_t end,
                        Row* row) const override {
    return model_->RunRange(network, begin, end, row);
  }

 private:
  const std::unique_ptr<FluxModel> model_;
  const Routes routes_;
};

}  // namespace

std::vector<RoutedNetwork> FluxModel::RoutedNetworks() const {
  std::vector<RoutedNetwork> networks;
  VisitNetworks(*this, [&](const char* name, const char* component, const char*, const auto& list) {
    RoutedNetwork& network = networks.emplace_back();
    network.name = name;
    network.component = component;
    for (size_t i = 0; i < list.size(); ++i) network.blocks.push_back(list[i].name);
  });
  return networks;
}

absl::Status FluxModel::LoadRank(const Routes& routes, int rank, at::Device device,
                                 WeightStorage storage) {
  ++loads_;
  weights_.reset();
  resident_bytes_ = 0;
  for (ModelPart& part : parts_) UnloadBlocks(part.blocks);
  routes_ = routes;
  std::map<std::string, std::vector<BlockWeights*>> mine;  // by part
  VisitNetworks(*this, [&](const char* name, const char*, const char* part, const auto& list) {
    const std::vector<BlockWeights*> blocks = list.Weights();
    for (const Stage& stage : routes_[name]) {
      if (stage.rank != rank) continue;
      mine[part].insert(mine[part].end(), blocks.begin() + stage.begin, blocks.begin() + stage.end);
    }
  });
  for (ModelPart& part : parts_) {
    const std::vector<BlockWeights*>& blocks = mine[part.name];
    if (blocks.empty()) continue;
    absl::Status loaded = LoadBlocks(blocks, Only(part.source, blocks), device, storage.type);
    if (loaded.ok() && storage.fp8) {
      loaded = RunGuarded("loading", [&] { QuantizeBlocks(blocks); });
    }
    if (!loaded.ok()) {
      return absl::Status(loaded.code(), absl::StrCat(part.name, ": ", loaded.message()));
    }
    for (const BlockWeights* block : blocks) {
      for (const Slot& slot : block->slots) resident_bytes_ += slot.tensor->nbytes();
    }
  }
  return absl::OkStatus();
}

absl::Status FluxModel::RunRange(const std::string& network, size_t begin, size_t end,
                                 Row* row) const {
  absl::Status status = absl::InternalError(absl::StrCat(network, " is no network of this model"));
  VisitNetworks(*this, [&](const char* name, const char*, const char*, const auto& list) {
    if (network != name) return;
    std::string at;
    status = RunGuarded(network, [&] {
      hanga::RunRange(list, begin, std::min(end, list.size()), row, [&](size_t i, const auto& run) {
        at = list[i].name;
        run();
      });
    });
    if (!status.ok()) status = AtBlock(status, at);
  });
  return status;
}

void FluxModel::Lead(DeviceGroup* group, uint64_t number) {
  group_ = group;
  number_ = number;
  group->hand_over().Add(number, routes_,
                         [this](const std::string& network, size_t begin, size_t end, Row* row) {
                           return RunRange(network, begin, end, row);
                         });
}

absl::StatusOr<uint64_t> FluxModel::LaunchRow(const std::string& network, Row row) const {
  absl::StatusOr<uint64_t> ticket = absl::UnknownError("not launched");
  const absl::Status guarded = RunGuarded(
      network, [&] { ticket = group_->hand_over().Launch(number_, network, std::move(row)); });
  return guarded.ok() ? ticket : guarded;
}

absl::StatusOr<Row> FluxModel::AwaitRow(uint64_t ticket) const {
  absl::StatusOr<Row> row = absl::UnknownError("not awaited");
  const absl::Status guarded =
      RunGuarded("hand-over", [&] { row = group_->hand_over().Await(ticket); });
  if (!guarded.ok()) return guarded;
  return row;
}

bool FluxModel::HandsOver(const std::string& network) const {
  if (group_ == nullptr) return false;
  const Route& route = routes_.at(network);
  return std::any_of(route.begin(), route.end(),
                     [](const Stage& stage) { return stage.rank != kLeader; });
}

absl::Status FluxPipeline::LoadInGroup(const LoadOptions& options) {
  // Every group of this program is one.
  group_ = std::static_pointer_cast<DeviceGroup>(options.group);
  const placement::ModelProfile profile =
      ProfileOf(model_name_, ArchitectureOf(*model_), facts_.defaults, storage_);
  absl::StatusOr<placement::Plan> plan = PlanGroup(profile, group_->topology(), levers_);
  if (!plan.ok()) return plan.status();
  const absl::StatusOr<Routes> routes = RoutesOf(*plan, model_->RoutedNetworks());
  if (!routes.ok()) return routes.status();
  if (absl::Status mine = model_->LoadRank(*routes, kLeader, device_, storage_); !mine.ok()) {
    return mine;
  }
  const absl::StatusOr<uint64_t> number = group_->Load(options.deployment, *plan);
  if (!number.ok()) return number.status();
  group_number_ = *number;
  model_->Lead(group_.get(), *number);
  group_plan_ = *std::move(plan);
  return absl::OkStatus();
}

FluxPipeline::~FluxPipeline() {
  if (group_ != nullptr && group_number_ != 0) group_->Drop(group_number_);
}

absl::StatusOr<std::unique_ptr<RankPart>> LoadFluxPart(const ModelLayout& layout,
                                                       const LoadOptions& options,
                                                       const placement::Plan& plan, int rank) {
  const absl::StatusOr<at::Device> device = ParseDevice(options.device);
  if (!device.ok()) return device.status();
  const absl::StatusOr<at::ScalarType> type = ParseDtype(options.dtype, *device);
  if (!type.ok()) return type.status();
  const absl::StatusOr<WeightStorage> storage = ParseWeights(options.weights, *type);
  if (!storage.ok()) return storage.status();
  absl::StatusOr<std::unique_ptr<FluxModel>> model = FluxModel::Open(layout);
  if (!model.ok()) return model.status();
  absl::StatusOr<Routes> routes = RoutesOf(plan, (*model)->RoutedNetworks());
  if (!routes.ok()) return routes.status();
  const absl::Status loaded = (*model)->LoadRank(*routes, rank, *device, *storage);
  if (!loaded.ok()) return loaded;
  return std::make_unique<FluxPart>(*std::move(model), *std::move(routes));
}

}  // namespace hanga
