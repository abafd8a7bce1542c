// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A rank's end of a group: its communicator, what every rank's device can do, and the models that
// the ranks hold together.
#pragma once

#include <c10/core/Device.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "placement/plan.h"
#include "placement/topology.h"
#include "worker/collectives/communicator.h"
#include "worker/handover/hand_over.h"
#include "worker/pipelines/group.h"

namespace hanga {

using Routes = std::map<std::string, Route>;  // by network

// A model's blocks on one rank.
class RankPart {
 public:
  virtual ~RankPart() = default;
  virtual const Routes& routes() const = 0;
  virtual absl::Status RunRange(const std::string& network, size_t begin, size_t end,
                                Row* row) const = 0;
};

// Loads the blocks that a plan gives to a rank.
absl::StatusOr<std::unique_ptr<RankPart>> LoadRankPart(const ModelFiles& files,
                                                       const LoadOptions& options,
                                                       const placement::Plan& plan, int rank);

class DeviceGroup final : public Group {
 public:
  DeviceGroup(std::unique_ptr<Communicator> communicator, at::Device device);

  // Each rank says what its device can do. Called once, by every rank.
  absl::Status ShareTopologies(const placement::Topology& mine);
  const placement::Topology& topology() const { return topology_; }  // devices by rank

  // The leader: every other rank loads its part. Gives the model's number. The first failure of a
  // rank, when all have answered; then none holds the model.
  absl::StatusOr<uint64_t> Load(const std::string& deployment, const placement::Plan& plan);
  void Drop(uint64_t model);
  HandOver& hand_over() { return hand_over_; }

  void Follow(const Find& find) override;
  void Abort(const std::string& why) override { communicator_->Abort(why); }
  void AwaitBroken() override { communicator_->AwaitBroken(); }
  absl::Status status() const override { return communicator_->status(); }
  int suspect() const override { return communicator_->suspect(); }
  int rank() const { return communicator_->rank(); }
  int size() const { return communicator_->size(); }

 private:
  absl::Status Serve(const Message& message, const Find& find);
  absl::Status ServeState(const Message& message);
  absl::Status LoadPart(std::string_view order, const Find& find);
  absl::Status AwaitLoaded(uint64_t model);

  const at::Device device_;
  const std::unique_ptr<Communicator> communicator_;
  HandOver hand_over_;
  placement::Topology topology_;
  uint64_t next_model_ = 1;
  std::map<uint64_t, std::unique_ptr<RankPart>> parts_;  // of a rank that follows
};

}  // namespace hanga
