// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A FLUX model and the memory of its device: what it takes by its plan, gives to other models, and
// what is done when the plan meets less memory than it was made for.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "placement/drift.h"
#include "placement/quantities.h"
#include "worker/pipelines/device.h"
#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/placement_view.h"

namespace hanga {
namespace {

// One worker runs one device: the first rank of the first group.
const placement::GroupPlan& GroupOf(const FluxPlacement& placed) {
  return placed.plan.groups.front();
}
const placement::RankPlan& RankOf(const FluxPlacement& placed) {
  return GroupOf(placed).ranks.front();
}

}  // namespace

absl::StatusOr<FluxPlacement> FluxPipeline::Place() const {
  placement::ModelProfile profile =
      ProfileOf(model_name_, ArchitectureOf(*model_), facts_.defaults, storage_);
  ApplyMeasured(measured_folder_,
                MeasuredKeyOf(fingerprint_, storage_, "", profile.width, profile.height), &profile);
  const DeviceState device = {device_name_, placed_ ? model_->resident_bytes() : 0, spare_bytes_};
  return PlaceFlux(profile, device, levers_, probe_);
}

absl::Status FluxPipeline::LoadPlaced(FluxPlacement placed) {
  graphs_.Clear();
  model_->Unload();
  ReleaseUnusedGpuMemory();
  LimitGpuMemory(device_name_, placed.device_limit);
  measured_ = false;
  device_model_ = placed.device_model;
  placed_ = std::move(placed);
  absl::Status loaded = model_->LoadPlanned(GroupOf(*placed_), device_, storage_, placed_->limits);
  if (loaded.ok() && device_.is_cuda() && model_->pinning_refused()) {
    notes_.emplace_back(
        "the system refuses to lock pages (ulimit -l): weights are streamed from pageable memory, "
        "slower than planned");
  }
  return loaded;
}

absl::Status FluxPipeline::LoadWeights() {
  const bool asked = !(levers_ == PlacementLevers());
  // A CPU device computes where the weights are mapped: without a lever there is nothing to plan.
  if (!asked && device_.is_cpu()) return model_->Load(device_, storage_);
  absl::StatusOr<FluxPlacement> placed = Place();
  if (!placed.ok()) return placed.status();
  return LoadPlaced(*std::move(placed));
}

absl::Status FluxPipeline::Replace(const std::string& why) {
  absl::StatusOr<FluxPlacement> placed = Place();
  if (!placed.ok()) return placed.status();
  const FluxPlacement before = *placed_;
  absl::Status loaded = LoadPlaced(*std::move(placed));
  if (loaded.ok()) {
    notes_.push_back(absl::StrCat(
        why, "; planned again: up to ", placement::FormatBytes(RankOf(*placed_).peak_bytes),
        ", a step is predicted to take ",
        placement::FormatSeconds(GroupOf(*placed_).prediction.step_seconds)));
    return loaded;
  }
  LoadPlaced(before).IgnoreError();  // as it was; if even that fails, every step will say so
  return loaded;
}

bool FluxPipeline::MakeRoom(const std::string& doing) {
  constexpr uint64_t kMostBytes = uint64_t{1} << 30;
  constexpr uint64_t kShare = 8;  // of the plan's peak
  constexpr int kTries = 4;
  if (!placed_ || rooms_made_ == kTries) return false;
  ++rooms_made_;
  const uint64_t more = std::min(kMostBytes, RankOf(*placed_).peak_bytes / kShare);
  spare_bytes_ += more;
  const absl::Status replaced = Replace(absl::StrCat(
      "out of memory while ", doing, ": the reserve is raised by ", placement::FormatBytes(more)));
  if (replaced.ok()) return true;
  spare_bytes_ -= more;
  return false;
}

void FluxPipeline::Adapt(uint64_t free_bytes) {
  if (!placed_) return;
  const uint64_t free = free_bytes + model_->resident_bytes();
  const placement::Drift drift = placement::DriftOf(RankOf(*placed_), free);
  if (drift == placement::Drift::kNone) return;
  const std::string why = absl::StrCat(
      placement::FormatBytes(free), " of ", device_name_, " are free for the model, not the ",
      placement::FormatBytes(RankOf(*placed_).free_bytes), " that were planned with");
  const absl::Status replaced = Replace(why);
  if (replaced.ok() || drift == placement::Drift::kRoomier) return;
  notes_.push_back(absl::StrCat(why, "; no plan fits: ", replaced.message()));
}

uint64_t FluxPipeline::Evict(uint64_t bytes) {
  if (!placed_ || levers_.keep_resident) return 0;
  graphs_.Clear();  // they keep memory of their own
  return model_->Evict(bytes);
}

uint64_t FluxPipeline::missing_bytes() const {
  if (!placed_) return 0;
  const placement::RankPlan& rank = RankOf(*placed_);
  const uint64_t needed = rank.peak_bytes + rank.reserve_bytes;
  return needed - std::min(needed, model_->resident_bytes());
}

std::optional<PlacementView> FluxPipeline::Placement() const {
  if (!placed_ && !group_plan_) return std::nullopt;
  return ViewOf(placed_ ? placed_->plan : *group_plan_);
}

}  // namespace hanga
