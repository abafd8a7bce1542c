// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The networks of a FLUX.1 model: what they are, checked against their files, and loaded.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "placement/plan.h"
#include "worker/models/autoencoder.h"
#include "worker/models/clip.h"
#include "worker/models/flux.h"
#include "worker/models/t5.h"
#include "worker/pipelines/group_networks.h"
#include "worker/pipelines/model_adapters.h"
#include "worker/pipelines/model_layout.h"
#include "worker/pipelines/model_part.h"
#include "worker/pipelines/placed_weights.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

// Declared, without weights until Load. Not thread-safe: owned by a pipeline.
class FluxModel {
 public:
  // Reads configurations and file headers and checks every key and shape. FAILED_PRECONDITION or
  // INVALID_ARGUMENT names the component and what is wrong with it.
  static absl::StatusOr<std::unique_ptr<FluxModel>> Open(const ModelLayout& layout);

  // Makes adapters that the deployment fixes part of the weights, before they are loaded.
  absl::Status Merge(const ModelLayout& layout, at::ScalarType type) {
    return MergeAdapters(layout, type, &parts_);
  }
  absl::Span<const ModelPart> parts() const { return parts_; }
  // RESOURCE_EXHAUSTED: the device has no room.
  absl::Status Load(at::Device device, WeightStorage storage);
  // For a plan of one device, which is carried out by placed().
  std::vector<PlannedNetwork> PlannedNetworks(WeightStorage storage);
  PlacedWeights& placed() { return placed_; }

  // Drops the weights; nothing stays allocated.
  void Unload();

  // Its networks as a group runs them; it outlives them.
  std::unique_ptr<GroupNetworks> Shared() const;
  // Of the leader of a group: networks that are not all on its device run over the ranks.
  void Share(std::unique_ptr<GroupNetworks> shared) { shared_ = std::move(shared); }
  const GroupNetworks* shared() const { return shared_.get(); }
  bool HandsOver(const std::string& network) const {
    return shared_ != nullptr && shared_->HandsOver(network);
  }

  // Runs one of the networks below, wherever its weights are. A failure names the block.
  template <typename State>
  absl::Status Run(const std::string& network, const BlockList<State>& blocks, State& state) const {
    if (HandsOver(network)) return shared_->Run(network, state);
    if (!placed_.loaded()) return RunBlocks(network, blocks, state);
    return placed_.Run(network, blocks, state);
  }

  // The same of a model that was loaded by a plan, with the time of each block.
  template <typename State>
  absl::Status RunTimed(const std::string& network, const BlockList<State>& blocks,
                        BlockClock* clock, State& state) const {
    return placed_.RunTimed(network, blocks, clock, state);
  }

  // As PlacedWeights says; EnterResident is always false without a plan.
  absl::StatusOr<bool> EnterResident(const std::string& network, size_t blocks) const {
    return placed_.EnterResident(network, blocks);
  }
  uint64_t moves() const { return placed_.moves(); }

  uint64_t parameters() const;      // declared
  uint64_t stored_bytes() const;    // in the files
  uint64_t resident_bytes() const;  // on the device now; 0 before Load
  double FileRate() const;          // MeasureFileRate of the transformer's
  std::string Fingerprint() const;  // FingerprintOf its parts

  FluxParams flux_params;
  ClipParams clip_params;
  T5Params t5_params;
  AutoencoderParams vae_params;
  nlohmann::json scheduler;  // scheduler_config.json

  BlockList<FluxConditioningState> conditioning;
  BlockList<FluxState> transformer;
  BlockList<ClipState> clip;
  BlockList<T5State> t5;
  BlockList<AutoencoderState> encoder, decoder;

 private:
  std::vector<ModelPart> parts_;
  uint64_t resident_bytes_ = 0;
  PlacedWeights placed_;                   // of a model that was loaded by a plan
  std::unique_ptr<GroupNetworks> shared_;  // of the leader of a group
};

// The parameters of a transformer whose checkpoint has no configuration, from its shapes. `source`
// has Hanga's keys. FAILED_PRECONDITION: they do not tell enough.
absl::StatusOr<FluxParams> DeduceFluxParams(const TensorSource& source);

// FLUX.1's scheduler_config.json: dev's shift grows with the picture, schnell has none.
nlohmann::json StandardFluxScheduler(bool guidance);

}  // namespace hanga
