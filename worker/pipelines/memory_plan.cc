// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/memory_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "placement/drift.h"
#include "placement/quantities.h"
#include "worker/pipelines/device.h"

namespace hanga {
namespace {

// Amounts of free memory that differ by less lead to the same plans.
constexpr uint64_t kAlike = uint64_t{256} << 20;

// Beside a donor's peak: what its allocator rounds up.
constexpr uint64_t kDonorSlackBytes = uint64_t{64} << 20;

}  // namespace

absl::StatusOr<DevicePlan> MemoryPlan::Place() const {
  DeviceState device;
  device.name = model_.device_name;
  device.spare_bytes = spare_bytes_;
  if (placed_) {
    device.own_bytes = weights_.resident_bytes();
    device.donor_bytes = weights_.donor_bytes();
  }
  return PlanDevice(model_.profile(), device, model_.levers, model_.probe);
}

absl::Status MemoryPlan::LoadPlaced(DevicePlan placed) {
  model_.leaving();
  weights_.Unload();
  ReleaseUnusedGpuMemory();
  limit_ = LimitGpuMemory(model_.device_name, placed.device_limit);
  const std::vector<placement::RankPlan>& ranks = placed.group().ranks;
  for (size_t donor = 1; donor < ranks.size(); ++donor) {
    LimitGpuMemory(ranks[donor].device, ranks[donor].peak_bytes + kDonorSlackBytes);
  }
  placed_ = std::move(placed);
  absl::Status loaded =
      weights_.Load(model_.networks(), placed_->group(), model_.device, placed_->limits);
  if (loaded.ok() && model_.device.is_cuda() && weights_.pinning_refused()) {
    notes_.emplace_back(
        "the system refuses to lock pages (ulimit -l): weights are streamed from pageable memory, "
        "slower than planned");
  }
  return loaded;
}

void MemoryPlan::Bound() {
  if (!placed_ || GpuMemoryLimit(model_.device_name) == limit_) return;
  limit_ = LimitGpuMemory(model_.device_name, placed_->device_limit, weights_.resident_bytes());
}

absl::Status MemoryPlan::Load() {
  absl::StatusOr<DevicePlan> placed = Place();
  if (!placed.ok()) return placed.status();
  return LoadPlaced(*std::move(placed));
}

absl::Status MemoryPlan::Replace(const std::string& why) {
  absl::StatusOr<DevicePlan> placed = Place();
  if (!placed.ok()) return placed.status();
  const DevicePlan before = *placed_;
  absl::Status loaded = LoadPlaced(*std::move(placed));
  if (loaded.ok()) {
    notes_.push_back(absl::StrCat(
        why, "; planned again: up to ", placement::FormatBytes(placed_->rank().peak_bytes),
        ", a step is predicted to take ",
        placement::FormatSeconds(placed_->group().prediction.step_seconds)));
    return loaded;
  }
  LoadPlaced(before).IgnoreError();  // as it was; if even that fails, every step will say so
  return loaded;
}

bool MemoryPlan::MakeRoom(const std::string& doing) {
  constexpr uint64_t kMostBytes = uint64_t{1} << 30;
  constexpr uint64_t kShare = 8;  // of the plan's peak
  constexpr int kTries = 4;
  if (!placed_ || rooms_made_ == kTries) return false;
  ++rooms_made_;
  const uint64_t more = std::min(kMostBytes, placed_->rank().peak_bytes / kShare);
  spare_bytes_ += more;
  const absl::Status replaced = Replace(absl::StrCat(
      "out of memory while ", doing, ": the reserve is raised by ", placement::FormatBytes(more)));
  if (replaced.ok()) return true;
  spare_bytes_ -= more;
  return false;
}

uint64_t MemoryPlan::lacking_bytes(uint64_t free_bytes) const {
  if (!placed_) return 0;
  return placement::LackingBytes(placed_->rank(), free_bytes + weights_.resident_bytes());
}

void MemoryPlan::Adapt(uint64_t free_bytes) {
  if (!placed_) return;
  const uint64_t free = free_bytes + weights_.resident_bytes();
  if (free / kAlike == refused_free_bytes_ / kAlike) return;  // nothing else would come of it
  const placement::Drift drift = placement::DriftOf(placed_->rank(), free);
  if (drift == placement::Drift::kNone) return;
  const std::string why = absl::StrCat(
      placement::FormatBytes(free), " of ", model_.device_name, " are free for the model, not the ",
      placement::FormatBytes(placed_->rank().free_bytes), " that were planned with");
  const absl::Status replaced = Replace(why);
  refused_free_bytes_ = replaced.ok() ? UINT64_MAX : free;
  if (replaced.ok() || drift == placement::Drift::kRoomier) return;
  notes_.push_back(absl::StrCat(why, "; no plan fits: ", replaced.message()));
}

uint64_t MemoryPlan::Evict(uint64_t bytes) {
  if (!placed_ || model_.levers.keep_resident) return 0;
  model_.leaving();  // graphs keep memory of their own
  return weights_.Evict(bytes);
}

uint64_t MemoryPlan::missing_bytes() const {
  if (!placed_) return 0;
  const placement::RankPlan& rank = placed_->rank();
  const uint64_t needed = rank.peak_bytes + rank.reserve_bytes;
  return needed - std::min(needed, weights_.resident_bytes());
}

}  // namespace hanga
