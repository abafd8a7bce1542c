// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How a latent pipeline's weights come to its device, and what it says of its memory.
#include <utility>

#include "worker/pipelines/latent_pipeline.h"
#include "worker/pipelines/placement_view.h"

namespace hanga {
namespace {

// cuBLAS and cuDNN, whose convolutions take more than products do.
constexpr uint64_t kGpuWorkspaceBytes = uint64_t{128} << 20;

}  // namespace

placement::ModelProfile ProfileOf(const std::string& name, const LatentModel& model,
                                  const GenerationRequest& defaults) {
  LatentWorkload work;
  work.width = defaults.width;
  work.height = defaults.height;
  work.steps = defaults.steps;
  work.batch = defaults.guidance_scale > 1 ? 2 : 1;
  work.t5_tokens = defaults.max_sequence_length;
  work.type = model.type();
  work.vae_type = model.vae_type();
  work.workspace_bytes = model.type() == at::kFloat ? 0 : kGpuWorkspaceBytes;
  return ProfileLatent(name, model.Architecture(), work);
}

absl::Status LatentPipeline::LoadWeights(const LoadOptions& options) {
  if (!MemoryPlan::IsNeeded(options.placement, device_)) return model_->Load();
  PlannedModel planned;
  planned.device_name = options.device;
  planned.device = device_;
  planned.levers = options.placement;
  planned.probe =
      options.probe ? options.probe : ProbeWithFile([this] { return model_->FileRate(); });
  planned.profile = [this] { return ProfileOf(model_name_, *model_, facts_.defaults); };
  planned.networks = [this] { return model_->PlannedNetworks(); };
  planned.leaving = [this] { model_->ClearGraphs(); };
  memory_.emplace(std::move(planned), &model_->placed());
  return memory_->Load();
}

uint64_t LatentPipeline::Evict(uint64_t bytes) { return memory_ ? memory_->Evict(bytes) : 0; }
uint64_t LatentPipeline::missing_bytes() const { return memory_ ? memory_->missing_bytes() : 0; }

uint64_t LatentPipeline::lacking_bytes(uint64_t free_bytes) const {
  return memory_ ? memory_->lacking_bytes(free_bytes) : 0;
}

void LatentPipeline::Adapt(uint64_t free_bytes) {
  if (memory_) memory_->Adapt(free_bytes);
}

bool LatentPipeline::MakeRoom(const std::string& doing) {
  return memory_ && memory_->MakeRoom(doing);
}

std::vector<std::string> LatentPipeline::TakeNotes() {
  return memory_ ? memory_->TakeNotes() : std::vector<std::string>();
}

std::optional<PlacementView> LatentPipeline::Placement() const {
  if (group_plan_) return ViewOf(*group_plan_);
  if (!memory_ || !memory_->placed()) return std::nullopt;
  return ViewOf(memory_->placed()->plan);
}

}  // namespace hanga
