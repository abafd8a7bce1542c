// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The blocks of one pass are timed, once for each loading, and kept for the next plan.
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "worker/pipelines/block_clock.h"
#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/profile/measured_blocks.h"
#include "worker/profile/topology_probe.h"

namespace hanga {

MeasuredKey MeasuredKeyOf(const std::string& fingerprint, WeightStorage storage,
                          const std::string& device, int width, int height) {
  MeasuredKey key;
  key.model = absl::BytesToHexString(fingerprint.substr(0, 16));
  key.weights = absl::StrCat(c10::toString(storage.type), storage.fp8 ? "-fp8" : "");
  key.device = device;
  key.width = width;
  key.height = height;
  return key;
}

// Of the size that is planned for, one image, after a pass that warmed up.
bool FluxPipeline::IsToBeMeasured(const FluxState& state) const {
  if (!memory_ || !memory_->placed() || measured_load_ == model_->placed().loads()) return false;
  if (measured_folder_.empty() || !state.rope.defined()) return false;
  const placement::Plan& plan = memory_->placed()->plan;
  return state.img.size(0) == 1 &&
         state.img.size(1) == int64_t{plan.width / 16} * (plan.height / 16);
}

absl::Status FluxPipeline::DenoiseMeasured(FluxState& state) {
  measured_load_ = model_->placed().loads();
  BlockClock clock(device_);
  const absl::Status run = model_->RunTimed("transformer", model_->transformer, &clock, state);
  if (!run.ok()) return run;
  std::vector<double> seconds;
  const absl::Status read = RunGuarded("transformer", [&] { seconds = clock.Seconds(); });
  if (!read.ok()) return read;
  MeasuredBlocks measured;
  measured.device = memory_->placed()->device_model;
  measured.component = "transformer";
  for (size_t i = 0; i < seconds.size(); ++i) {
    measured.seconds[model_->transformer[i].name] = seconds[i];
  }
  const std::string device = device_.is_cuda() ? GpuIdentity(device_.index()) : "cpu";
  const placement::Plan& plan = memory_->placed()->plan;
  const absl::Status kept = KeepMeasured(
      measured_folder_, MeasuredKeyOf(fingerprint_, storage_, device, plan.width, plan.height),
      measured);
  if (!kept.ok()) memory_->Note(std::string(kept.message()));
  return absl::OkStatus();
}

}  // namespace hanga
