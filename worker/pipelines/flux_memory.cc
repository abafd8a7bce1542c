// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How a FLUX pipeline's weights come to its device, and what it says of its memory.
#include <utility>

#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/placement_view.h"

namespace hanga {

absl::Status FluxPipeline::LoadWeights(const LoadOptions& options) {
  if (!MemoryPlan::IsNeeded(options.placement, device_)) return model_->Load(device_, storage_);
  PlannedModel planned;
  planned.device_name = options.device;
  planned.device = device_;
  planned.levers = options.placement;
  planned.probe =
      options.probe ? options.probe : ProbeWithFile([this] { return model_->FileRate(); });
  planned.profile = [this] {
    placement::ModelProfile profile =
        ProfileOf(model_name_, ArchitectureOf(*model_), facts_.defaults, storage_);
    ApplyMeasured(measured_folder_,
                  MeasuredKeyOf(fingerprint_, storage_, "", profile.width, profile.height),
                  &profile);
    return profile;
  };
  planned.networks = [this] { return model_->PlannedNetworks(storage_); };
  planned.leaving = [this] { graphs_.Clear(); };
  memory_.emplace(std::move(planned), &model_->placed());
  return memory_->Load();
}

uint64_t FluxPipeline::Evict(uint64_t bytes) { return memory_ ? memory_->Evict(bytes) : 0; }
uint64_t FluxPipeline::missing_bytes() const { return memory_ ? memory_->missing_bytes() : 0; }

uint64_t FluxPipeline::lacking_bytes(uint64_t free_bytes) const {
  return memory_ ? memory_->lacking_bytes(free_bytes) : 0;
}

void FluxPipeline::Adapt(uint64_t free_bytes) {
  if (memory_) memory_->Adapt(free_bytes);
}

bool FluxPipeline::MakeRoom(const std::string& doing) {
  return memory_ && memory_->MakeRoom(doing);
}

std::vector<std::string> FluxPipeline::TakeNotes() {
  return memory_ ? memory_->TakeNotes() : std::vector<std::string>();
}

std::optional<PlacementView> FluxPipeline::Placement() const {
  if (group_plan_) return ViewOf(*group_plan_);
  if (!memory_ || !memory_->placed()) return std::nullopt;
  return ViewOf(memory_->placed()->plan);
}

}  // namespace hanga
