// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/flux_placement.h"

namespace hanga {
namespace {

// cuBLAS and cuDNN.
constexpr uint64_t kGpuWorkspaceBytes = uint64_t{64} << 20;

}  // namespace

FluxArchitecture ArchitectureOf(const FluxModel& m) {
  return {m.flux_params, m.clip_params, m.t5_params, m.vae_params};
}

placement::ModelProfile ProfileOf(const std::string& name, const FluxArchitecture& model,
                                  const GenerationRequest& defaults, WeightStorage storage) {
  Workload work;
  work.width = defaults.width;
  work.height = defaults.height;
  work.steps = defaults.steps;
  work.text_tokens = defaults.max_sequence_length;
  work.type = storage.type;
  work.fp8_weights = storage.fp8;
  work.workspace_bytes = storage.type == at::kFloat ? 0 : kGpuWorkspaceBytes;
  return ProfileFlux(name, model, work);
}

}  // namespace hanga
