// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model and the memory of its device: what it takes by its plan, gives to other models, and what
// is done when the plan meets less memory than it was made for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "worker/pipelines/device_plan.h"
#include "worker/pipelines/placed_weights.h"

namespace hanga {

// How the model is known here: by what it costs and by its networks.
struct PlannedModel {
  std::string device_name;  // "cuda:0", "cpu"
  at::Device device = at::kCPU;
  PlacementLevers levers;
  DeviceProbe probe;
  std::function<placement::ModelProfile()> profile;  // with what has been measured by now
  std::function<std::vector<PlannedNetwork>()> networks;
  std::function<void()> leaving;  // before weights move: graphs that read them go
};

// Not thread-safe: owned by the thread that owns the device's compute.
class MemoryPlan {
 public:
  // `weights` outlives it.
  MemoryPlan(PlannedModel model, PlacedWeights* weights)
      : model_(std::move(model)), weights_(*weights) {}

  // A CPU device computes where the weights are mapped: without a lever there is nothing to plan.
  static bool IsNeeded(const PlacementLevers& levers, at::Device device) {
    return device.is_cuda() || !(levers == PlacementLevers());
  }

  // Plans and loads. As PlanDevice and PlacedWeights::Load say.
  absl::Status Load();
  // Before the model computes: its limit holds again where another model of the process has set
  // one.
  void Bound();
  // After the device ran out of memory: a new plan leaves more of it unused. False: nothing gives.
  bool MakeRoom(const std::string& doing);

  // As the pipeline's own (worker/pipelines/pipeline.h).
  uint64_t Evict(uint64_t bytes);
  uint64_t missing_bytes() const;
  uint64_t lacking_bytes(uint64_t free_bytes) const;
  void Adapt(uint64_t free_bytes);
  std::vector<std::string> TakeNotes() { return std::exchange(notes_, {}); }

  void Note(std::string sentence) { notes_.push_back(std::move(sentence)); }
  const std::optional<DevicePlan>& placed() const { return placed_; }

 private:
  absl::StatusOr<DevicePlan> Place() const;
  absl::Status LoadPlaced(DevicePlan placed);
  // Plans and loads anew; what is loaded stays where that is not possible.
  absl::Status Replace(const std::string& why);

  const PlannedModel model_;
  PlacedWeights& weights_;
  std::optional<DevicePlan> placed_;
  uint64_t limit_ = 0;                        // the number of its own
  uint64_t spare_bytes_ = 0;                  // that plans leave unused, since memory ran out
  uint64_t refused_free_bytes_ = UINT64_MAX;  // with which no plan was found, the last time
  int rooms_made_ = 0;                        // how often MakeRoom did
  std::vector<std::string> notes_;
};

}  // namespace hanga
