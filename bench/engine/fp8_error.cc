// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What 8-bit weights and activations change: FLUX.1-dev's blocks and a whole step on random
// weights, each in 8 bits against the same in bfloat16, by the error's norm over the result's.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/engine/commands.h"
#include "bench/engine/flux_inputs.h"
#include "bench/engine/random_weights.h"
#include "worker/models/flux.h"
#include "worker/weights/loader.h"

namespace hanga::bench {
namespace {

using at::Tensor;

double Error(const Tensor& got, const Tensor& expected) {
  const auto e = expected.to(at::kFloat);
  return ((got.to(at::kFloat) - e).norm() / e.norm()).item<double>();
}

// The streams before and after a block, side by side.
Tensor Streams(const FluxState& s) { return s.txt.defined() ? at::cat({s.txt, s.img}, 1) : s.img; }

}  // namespace

nlohmann::ordered_json Fp8Error(const Options& o) {
  const c10::InferenceMode inference;
  const FluxParams params;
  const BlockList<FluxState> blocks = MakeFlux(params);
  FillRandomly(blocks.Weights(), at::kBFloat16, at::kCUDA);
  const FluxState inputs = MakeFluxInputs(params, o);

  // What each block is given and makes of it in the bfloat16 run.
  std::vector<FluxState> before, after;
  FluxState s = inputs;
  for (size_t i = 0; i < blocks.size(); ++i) {
    before.push_back(s);
    blocks[i].run(s);
    after.push_back(s);
  }
  const Tensor expected = s.img;
  QuantizeBlocks(blocks.Weights());
  nlohmann::ordered_json figures;
  for (const std::string kind : {"double_blocks", "single_blocks"}) {
    double sum = 0, update = 0, worst = 0;
    int count = 0;
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].name.rfind(kind, 0) != 0) continue;
      FluxState run = before[i];
      blocks[i].run(run);
      const double error = Error(Streams(run), Streams(after[i]));
      const Tensor from = Streams(before[i]);
      update += Error(Streams(run) - from, Streams(after[i]) - from);
      sum += error;
      worst = std::max(worst, error);
      ++count;
    }
    figures[absl::StrCat(kind, "_error")] = sum / count;
    figures[absl::StrCat(kind, "_worst_error")] = worst;
    figures[absl::StrCat(kind, "_update_error")] = update / count;
  }
  FluxState run = inputs;
  blocks.Run(run);
  figures["step_error"] = Error(run.img, expected);
  return figures;
}

}  // namespace hanga::bench
