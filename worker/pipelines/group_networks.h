// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model's networks on one rank of a group, whatever the model: which blocks are here, how they
// are loaded, and how states go over all ranks.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "placement/plan.h"
#include "placement/profile.h"
#include "worker/layers/module.h"
#include "worker/pipelines/device_group.h"
#include "worker/pipelines/model_part.h"
#include "worker/pipelines/network.h"

namespace hanga {

// How a part of the checkpoint is kept on a device.
struct PartStorage {
  at::Device device = at::kCPU;
  bool packed = false;  // a block's weights behind each other on a GPU, as fused products want them
  std::function<WeightStorage(const std::string& part)> of;
};

// Not thread-safe: owned by the thread that owns the device's compute.
class GroupNetworks {
 public:
  // `parts` outlive it, and so do the lists that the networks are of.
  GroupNetworks(std::vector<Network> networks, absl::Span<const ModelPart> parts);
  // Of a leader: the other ranks drop the model.
  ~GroupNetworks();

  // Loads the blocks that the plan gives to this rank. FAILED_PRECONDITION: the plan is not one for
  // these networks. RESOURCE_EXHAUSTED: the device has no room.
  absl::Status Load(const placement::Plan& plan, int rank, const PartStorage& storage);
  // The leader: makes the plan, loads its own blocks and has the others load theirs, who know the
  // model by `deployment`. From then on the networks run over the ranks.
  absl::StatusOr<placement::Plan> Lead(std::shared_ptr<DeviceGroup> group,
                                       const std::string& deployment,
                                       const placement::ModelProfile& profile,
                                       const PlacementLevers& levers, const PartStorage& storage);

  const Routes& routes() const { return routes_; }
  uint64_t resident_bytes() const { return resident_bytes_; }  // on this rank
  // Blocks [begin, end) of a network, which are here. A failure names the block.
  absl::Status RunRange(const std::string& network, size_t begin, size_t end, Row* row) const;

  // Of a leader. False: all of it is here.
  bool HandsOver(const std::string& network) const;
  // As HandOver's.
  absl::StatusOr<uint64_t> Launch(const std::string& network, Row row) const;
  absl::StatusOr<Row> Await(uint64_t ticket) const;
  void Forget(uint64_t ticket) const { group_->hand_over().Forget(ticket); }

  // A whole network, awaited.
  template <typename State>
  absl::Status Run(const std::string& network, State& state) const {
    const absl::StatusOr<uint64_t> ticket = Launch(network, TensorsOf(state));
    if (!ticket.ok()) return ticket.status();
    absl::StatusOr<Row> row = Await(*ticket);
    if (row.ok()) state = StateOf<State>(*std::move(row));
    return row.status();
  }

 private:
  absl::Status LoadMine(int rank, const PartStorage& storage);

  const std::vector<Network> networks_;
  const absl::Span<const ModelPart> parts_;
  Routes routes_;
  at::Device device_ = at::kCPU;
  uint64_t resident_bytes_ = 0;
  std::shared_ptr<DeviceGroup> group_;  // of a leader
  uint64_t number_ = 0;                 // of the model, there
};

// The blocks of a rank that follows; `model` is kept for as long as they are.
absl::StatusOr<std::unique_ptr<RankPart>> LoadGroupPart(std::shared_ptr<const void> model,
                                                        std::unique_ptr<GroupNetworks> networks,
                                                        const placement::Plan& plan, int rank,
                                                        const PartStorage& storage);

}  // namespace hanga
