// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/check/component_runs.h"
#include "worker/models/flux.h"
#include "worker/weights/flux_key_maps.h"

namespace hanga {
namespace {

// What the reference recorded after the part of the network that a block is.
void CompareBlock(const ComponentRun& run, const std::string& block, const FluxState& s,
                  int64_t text_length, RunResult* result) {
  const auto compare = [&](const std::string& name, const at::Tensor& ours) {
    Compare(name, ours, run.Output(name), run.tolerance(), result);
  };
  absl::string_view index = block;
  if (block == "prelude") {
    compare("mid.x_embedder", s.img);
    compare("mid.context_embedder", s.txt);
  } else if (absl::ConsumePrefix(&index, "double_blocks.")) {
    compare(absl::StrCat("mid.double.", index, ".0"), s.txt);
    compare(absl::StrCat("mid.double.", index, ".1"), s.img);
  } else if (absl::ConsumePrefix(&index, "single_blocks.")) {
    // The joint sequence: text, then image.
    compare(absl::StrCat("mid.single.", index, ".0"), s.img.narrow(1, 0, text_length));
    compare(absl::StrCat("mid.single.", index, ".1"),
            s.img.narrow(1, text_length, s.img.size(1) - text_length));
  } else if (block == "final_layer") {
    compare("output", s.img);
  }
}

absl::Status CheckRun(const ComponentRun& run, RunResult* result) {
  const absl::StatusOr<FluxParams> params = ParseFluxConfig(run.config);
  if (!params.ok()) return params.status();
  const BlockList<FluxConditioningState> conditioning = MakeFluxConditioning(*params);
  const BlockList<FluxState> blocks = MakeFlux(*params);
  const absl::Status loaded = run.Load(FluxTransformerKeyMaps(), WeightsOf(conditioning, blocks));
  if (!loaded.ok()) return loaded;
  FluxConditioningState c;
  c.pooled = run.Input("pooled_projections");
  c.timestep = run.Input("timestep");
  c.guidance = run.Input("guidance");
  conditioning.Run(c);
  Compare("mid.temb", c.vec, run.Output("mid.temb"), run.tolerance(), result);
  FluxState s;
  s.img = run.Input("hidden_states");
  s.txt = run.Input("encoder_hidden_states");
  s.modulation = c.modulation;
  s.img_ids = run.Input("img_ids");
  s.txt_ids = run.Input("txt_ids");
  const int64_t text_length = s.txt.size(1);
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].run(s);
    CompareBlock(run, blocks[i].name, s, text_length, result);
  }
  return absl::OkStatus();
}

}  // namespace

void CheckFluxTransformer(const GoldenCase& golden, at::Device device, Report* report) {
  CheckComponentRuns(golden, device, report, SingleFiles::kKnown, CheckRun);
}

}  // namespace hanga
