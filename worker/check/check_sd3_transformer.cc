// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/check/component_runs.h"
#include "worker/models/sd3.h"
#include "worker/weights/sd_key_maps.h"

namespace hanga {
namespace {

absl::Status CheckRun(const ComponentRun& run, RunResult* result) {
  const absl::StatusOr<Sd3Params> params = ParseSd3Config(run.config);
  if (!params.ok()) return params.status();
  const BlockList<Sd3State> blocks = MakeSd3(*params);
  if (absl::Status s = run.Load(Sd3TransformerKeyMaps(), blocks.Weights()); !s.ok()) return s;
  const auto compare = [&](const std::string& name, const at::Tensor& ours) {
    Compare(name, ours, run.Output(name), run.tolerance(), result);
  };
  Sd3State s;
  s.x = run.Input("hidden_states");
  s.timestep = run.Input("timestep");
  s.text = run.Input("encoder_hidden_states");
  s.pooled = run.Input("pooled_projections");
  const int64_t rows = s.x.size(2) / params->patch, columns = s.x.size(3) / params->patch;
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].run(s);
    absl::string_view index = blocks[i].name;
    if (index == "prelude") compare("mid.pos_embed", s.x);
    if (!absl::ConsumePrefix(&index, "joint_blocks.")) continue;
    compare(absl::StrCat("mid.block.", index, ".0"), s.text);
    compare(absl::StrCat("mid.block.", index, s.text.defined() ? ".1" : ""), s.x);
  }
  compare("output", UnpatchSd3(s.x, rows, columns, params->patch));
  return absl::OkStatus();
}

}  // namespace

void CheckSd3Transformer(const GoldenCase& golden, at::Device device, Report* report) {
  CheckComponentRuns(golden, device, report, SingleFiles::kKnown, CheckRun);
}

}  // namespace hanga
