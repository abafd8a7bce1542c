// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/check/component_runs.h"
#include "worker/models/unet.h"
#include "worker/weights/sd_key_maps.h"

namespace hanga {
namespace {

// What the reference recorded after each block: "down_blocks.1.0" ends with attention 0 of
// "down.1", or with its resnet where it has no attention; the last block of a level ends the level.
void CompareBlock(const ComponentRun& run, const std::string& block, bool ends_level,
                  const UnetState& s, RunResult* result) {
  const auto compare = [&](const std::string& name) {
    Compare(name, s.x, run.Output(name), run.tolerance(), result);
  };
  if (block == "input") return compare("mid.conv_in");
  if (block == "output") return compare("output");
  const std::vector<std::string> path = absl::StrSplit(block, '.');
  if (path[0] == "mid_block") {
    if (path[1] == "0") compare("mid.mid.attention.0");
    if (path[1] == "1") compare("mid.mid.resnet.1");
    if (ends_level) compare("mid.mid");
    return;
  }
  const std::string level =
      absl::StrCat("mid.", path[0] == "down_blocks" ? "down." : "up.", path[1]);
  if (!absl::EndsWith(block, "sampler")) {
    const std::string attention = absl::StrCat(level, ".attention.", path[2]);
    compare(run.Output(attention).defined() ? attention : absl::StrCat(level, ".resnet.", path[2]));
  }
  if (ends_level) compare(level);
}

std::string LevelOf(const std::string& block) { return block.substr(0, block.rfind('.')); }

absl::Status CheckRun(const ComponentRun& run, RunResult* result) {
  const absl::StatusOr<UnetParams> params = ParseUnetConfig(run.config);
  if (!params.ok()) return params.status();
  const BlockList<UnetState> blocks = MakeUnet(*params);
  if (absl::Status s = run.Load(UnetKeyMaps(), blocks.Weights()); !s.ok()) return s;
  UnetState s;
  s.x = run.Input("sample");
  s.timestep = run.Input("timestep").to(at::kFloat);
  s.text = run.Input("encoder_hidden_states");
  s.pooled = run.Input("text_embeds");
  s.sizes = run.Input("time_ids");
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].run(s);
    const bool ends =
        i + 1 == blocks.size() || LevelOf(blocks[i].name) != LevelOf(blocks[i + 1].name);
    CompareBlock(run, blocks[i].name, ends, s, result);
  }
  return absl::OkStatus();
}

}  // namespace

void CheckUnet(const GoldenCase& golden, at::Device device, Report* report) {
  CheckComponentRuns(golden, device, report, SingleFiles::kKnown, CheckRun);
}

}  // namespace hanga
