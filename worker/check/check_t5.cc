// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/check/component_runs.h"
#include "worker/models/t5.h"
#include "worker/weights/flux_key_maps.h"

namespace hanga {
namespace {

absl::Status CheckRun(const ComponentRun& run, RunResult* result) {
  const absl::StatusOr<T5Params> params = ParseT5Config(run.config);
  if (!params.ok()) return params.status();
  const BlockList<T5State> blocks = MakeT5Encoder(*params);
  if (absl::Status s = run.Load(T5EncoderKeyMaps(), blocks.Weights()); !s.ok()) return s;
  T5State s;
  s.ids = run.Input("input_ids");
  s.mask = run.Input("attention_mask");
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].run(s);
    const std::string name =
        i + 1 < blocks.size() ? absl::StrCat("hidden_states.", i) : "last_hidden_state";
    Compare(name, s.x, run.Output(name), run.tolerance(), result);
  }
  return absl::OkStatus();
}

}  // namespace

void CheckT5(const GoldenCase& golden, at::Device device, Report* report) {
  CheckComponentRuns(golden, device, report, SingleFiles::kKnown, CheckRun);
}

}  // namespace hanga
