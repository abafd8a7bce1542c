// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/check/component_runs.h"
#include "worker/models/clip.h"
#include "worker/weights/flux_key_maps.h"
#include "worker/weights/sd_key_maps.h"

namespace hanga {
namespace {

absl::Status CheckRun(const ComponentRun& run, RunResult* result) {
  const absl::StatusOr<ClipParams> params = ParseClipConfig(run.config);
  if (!params.ok()) return params.status();
  const BlockList<ClipState> blocks = MakeClip(*params);
  const bool second = params->activation == ClipParams::Activation::kGelu;
  const absl::Span<const KeyMap> maps = second ? SecondClipKeyMaps() : ClipTextKeyMaps();
  if (absl::Status s = run.Load(maps, blocks.Weights()); !s.ok()) return s;
  const auto compare = [&](const std::string& name, const at::Tensor& ours) {
    Compare(name, ours, run.Output(name), run.tolerance(), result);
  };
  ClipState s;
  s.ids = run.Input("input_ids");
  s.tap = at::scalar_tensor(params->layers - 1, at::kLong);
  for (size_t i = 0; i + 1 < blocks.size(); ++i) {
    blocks[i].run(s);
    compare(absl::StrCat("hidden_states.", i), s.x);
  }
  const Block<ClipState>& final_block = blocks[blocks.size() - 1];
  final_block.run(s);
  compare("last_hidden_state", s.x);
  compare("pooler_output", s.pooled);
  compare("text_embeds", s.pooled);

  // Clip skip: one layer less, with and without the final norm.
  compare("penultimate", s.tapped);
  compare("penultimate_normed", s.tapped_normed);
  return absl::OkStatus();
}

}  // namespace

void CheckClip(const GoldenCase& golden, at::Device device, Report* report) {
  CheckComponentRuns(golden, device, report, SingleFiles::kKnown, CheckRun);
}

}  // namespace hanga
