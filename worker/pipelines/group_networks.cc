// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/group_networks.h"

#include <c10/core/DeviceGuard.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/kernels/product_choices.h"
#include "worker/pipelines/group_topology.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/profile/topology_probe.h"
#include "worker/residency/slab_layout.h"
#include "worker/weights/loader.h"

namespace hanga {
namespace {

constexpr int kLeader = 0;

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

std::vector<RoutedNetwork> RoutedOf(const std::vector<Network>& networks) {
  std::vector<RoutedNetwork> routed;
  for (const Network& network : networks) {
    RoutedNetwork& r = routed.emplace_back();
    r.name = network.name;
    r.component = network.component;
    for (const BlockWeights* block : network.blocks) r.blocks.push_back(block->name);
  }
  return routed;
}

class GroupPart final : public RankPart {
 public:
  GroupPart(std::shared_ptr<const void> model, std::unique_ptr<GroupNetworks> networks)
      : model_(std::move(model)), networks_(std::move(networks)) {}

  const Routes& routes() const override { return networks_->routes(); }
  absl::Status RunRange(const std::string& network, size_t begin, size_t end,
                        Row* row) const override {
    return networks_->RunRange(network, begin, end, row);
  }

 private:
  const std::shared_ptr<const void> model_;
  const std::unique_ptr<GroupNetworks> networks_;
};

}  // namespace

GroupNetworks::GroupNetworks(std::vector<Network> networks, absl::Span<const ModelPart> parts)
    : networks_(std::move(networks)), parts_(parts) {}

GroupNetworks::~GroupNetworks() {
  if (group_ != nullptr && number_ != 0) group_->Drop(number_);
}

absl::Status GroupNetworks::Load(const placement::Plan& plan, int rank,
                                 const PartStorage& storage) {
  absl::StatusOr<Routes> routes = RoutesOf(plan, RoutedOf(networks_));
  if (!routes.ok()) return routes.status();
  routes_ = *std::move(routes);
  device_ = storage.device;
  return LoadMine(rank, storage);
}

absl::Status GroupNetworks::LoadMine(int rank, const PartStorage& storage) {
  std::map<std::string, std::vector<BlockWeights*>> mine;  // by part
  for (const Network& network : networks_) {
    for (const Stage& stage : routes_.at(network.name)) {
      if (stage.rank != rank) continue;
      std::vector<BlockWeights*>& blocks = mine[network.part];
      blocks.insert(blocks.end(), network.blocks.begin() + static_cast<int64_t>(stage.begin),
                    network.blocks.begin() + static_cast<int64_t>(stage.end));
    }
  }
  resident_bytes_ = 0;
  for (const ModelPart& part : parts_) {
    UnloadBlocks(part.blocks);
    const std::vector<BlockWeights*>& blocks = mine[part.name];
    if (blocks.empty()) continue;
    const WeightStorage kept = storage.of(part.name);
    absl::Status loaded = LoadBlocks(blocks, Only(part.source, blocks), storage.device, kept.type);
    if (loaded.ok() && kept.fp8) {
      loaded = RunGuarded("loading", [&] { QuantizeBlocks(blocks); });
    }
    if (loaded.ok() && storage.packed && storage.device.is_cuda()) {
      loaded = RunGuarded("loading", [&] {
        for (const BlockWeights* block : blocks) Pack(*block);
      });
    }
    if (!loaded.ok()) return InComponent(part.name, loaded);
    for (const BlockWeights* block : blocks) {
      for (const Slot& slot : block->slots) resident_bytes_ += slot.tensor->nbytes();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<placement::Plan> GroupNetworks::Lead(std::shared_ptr<DeviceGroup> group,
                                                    const std::string& deployment,
                                                    const placement::ModelProfile& profile,
                                                    const PlacementLevers& levers,
                                                    const PartStorage& storage) {
  absl::StatusOr<placement::Plan> plan = PlanGroup(profile, group->topology(), levers);
  if (!plan.ok()) return plan.status();
  if (absl::Status mine = Load(*plan, kLeader, storage); !mine.ok()) return mine;
  const absl::StatusOr<uint64_t> number = group->Load(deployment, *plan);
  if (!number.ok()) return number.status();
  group_ = std::move(group);
  number_ = *number;
  group_->hand_over().Add(number_, routes_,
                          [this](const std::string& network, size_t begin, size_t end, Row* row) {
                            return RunRange(network, begin, end, row);
                          });
  return plan;
}

absl::Status GroupNetworks::RunRange(const std::string& name, size_t begin, size_t end,
                                     Row* row) const {
  for (const Network& network : networks_) {
    if (network.name != name) continue;
    const c10::DeviceGuard guard(device_);
    size_t at = 0;
    const absl::Status status = RunGuarded(
        name, [&] { network.run(begin, std::min(end, network.blocks.size()), row, &at); });
    return status.ok() ? status : AtBlock(status, network.blocks[at]->name);
  }
  return absl::InternalError(absl::StrCat(name, " is no network of this model"));
}

bool GroupNetworks::HandsOver(const std::string& network) const {
  if (group_ == nullptr) return false;
  const Route& route = routes_.at(network);
  return std::any_of(route.begin(), route.end(),
                     [](const Stage& stage) { return stage.rank != kLeader; });
}

absl::StatusOr<uint64_t> GroupNetworks::Launch(const std::string& network, Row row) const {
  absl::StatusOr<uint64_t> ticket = absl::UnknownError("not launched");
  const absl::Status guarded = RunGuarded(
      network, [&] { ticket = group_->hand_over().Launch(number_, network, std::move(row)); });
  return guarded.ok() ? ticket : guarded;
}

absl::StatusOr<Row> GroupNetworks::Await(uint64_t ticket) const {
  absl::StatusOr<Row> row = absl::UnknownError("not awaited");
  const absl::Status guarded =
      RunGuarded("hand-over", [&] { row = group_->hand_over().Await(ticket); });
  if (!guarded.ok()) return guarded;
  return row;
}

absl::StatusOr<std::unique_ptr<RankPart>> LoadGroupPart(std::shared_ptr<const void> model,
                                                        std::unique_ptr<GroupNetworks> networks,
                                                        const placement::Plan& plan, int rank,
                                                        const PartStorage& storage) {
  if (absl::Status loaded = networks->Load(plan, rank, storage); !loaded.ok()) return loaded;
  if (storage.device.is_cuda()) {
    const absl::Status read =
        RunGuarded("loading", [] { kernels::ProductChoices(DefaultCacheFolder()).Read(); });
    if (!read.ok()) return read;
  }
  return std::make_unique<GroupPart>(std::move(model), std::move(networks));
}

}  // namespace hanga
