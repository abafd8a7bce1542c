// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/check/component_runs.h"
#include "worker/models/autoencoder.h"
#include "worker/models/tiling.h"
#include "worker/weights/flux_key_maps.h"

namespace hanga {
namespace {

// "decoder.up_blocks.2" is recorded as "mid.decoder.up.2".
std::string RecordedName(const std::string& block) {
  for (const char* side : {"encoder.", "decoder."}) {
    absl::string_view part = block;
    if (!absl::ConsumePrefix(&part, side)) continue;
    if (part == "mid_block") return absl::StrCat("mid.", side, "mid");
    if (absl::ConsumePrefix(&part, "down_blocks."))
      return absl::StrCat("mid.", side, "down.", part);
    if (absl::ConsumePrefix(&part, "up_blocks.")) return absl::StrCat("mid.", side, "up.", part);
  }
  return absl::StrCat("mid.", block);
}

at::Tensor RunAndCompare(const ComponentRun& run, const BlockList<AutoencoderState>& blocks,
                         const at::Tensor& input, RunResult* result) {
  AutoencoderState s;
  s.x = input;
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].run(s);
    const std::string name = RecordedName(blocks[i].name);
    Compare(name, s.x, run.Output(name), run.tolerance(), result);
  }
  return s.x;
}

at::Tensor Run(const BlockList<AutoencoderState>& blocks, const at::Tensor& input) {
  AutoencoderState s;
  s.x = input;
  blocks.Run(s);
  return s.x;
}

absl::Status CheckRun(const ComponentRun& run, RunResult* result) {
  const absl::StatusOr<AutoencoderParams> params = ParseAutoencoderConfig(run.config);
  if (!params.ok()) return params.status();
  const BlockList<AutoencoderState> encoder = MakeEncoder(*params), decoder = MakeDecoder(*params);
  std::vector<BlockWeights*> weights = encoder.Weights();
  for (BlockWeights* block : decoder.Weights()) weights.push_back(block);
  if (absl::Status s = run.Load(AutoencoderKeyMaps(), weights); !s.ok()) return s;

  const at::Tensor image = run.Input("image"), latent = run.Input("latent");
  at::Tensor moments, decoded;
  const auto tiling = run.info.find("tiling");
  if (tiling == run.info.end()) {
    moments = RunAndCompare(run, encoder, image, result);
    decoded = RunAndCompare(run, decoder, latent, result);
  } else {
    const TileOptions tiles = {tiling->at("tile_sample_min_size"),
                               tiling->at("tile_latent_min_size"),
                               tiling->at("tile_overlap_factor")};
    moments = EncodeTiled(image, tiles, [&](const at::Tensor& x) { return Run(encoder, x); });
    decoded = DecodeTiled(latent, tiles, [&](const at::Tensor& x) { return Run(decoder, x); });
  }
  const LatentDistribution distribution(moments);
  Compare("moments", moments, run.Output("moments"), run.tolerance(), result);
  Compare("mean", distribution.mean, run.Output("mean"), run.tolerance(), result);
  Compare("std", distribution.std, run.Output("std"), run.tolerance(), result);
  Compare("decoded", decoded, run.Output("decoded"), run.tolerance(), result);
  return absl::OkStatus();
}

}  // namespace

void CheckAutoencoder(const GoldenCase& golden, at::Device device, Report* report) {
  CheckComponentRuns(golden, device, report, SingleFiles::kKnown, CheckRun);
}

}  // namespace hanga
