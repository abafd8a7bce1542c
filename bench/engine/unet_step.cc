// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One guided denoising step of Stable Diffusion XL or 1.5 with random weights: both prompts as one
// batch, held against the floor of the same run.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <map>
#include <string>
#include <vector>

#include "bench/engine/commands.h"
#include "bench/engine/device_timer.h"
#include "bench/engine/floor.h"
#include "bench/engine/random_adapters.h"
#include "bench/engine/random_weights.h"
#include "bench/engine/unet_work.h"
#include "worker/kernels/product_choices.h"
#include "worker/models/unet.h"
#include "worker/residency/slab_layout.h"
#include "worker/residency/step_graphs.h"

namespace hanga::bench {
namespace {

constexpr int64_t kTextTokens = 77, kPooledDim = 1280, kSizes = 6;

UnetParams SdxlParams() {
  UnetParams p;
  p.channels = {320, 640, 1280}, p.depths = {0, 2, 10}, p.heads = {5, 10, 20};
  p.mid_depth = 10, p.text_dim = 2048, p.linear_projections = true;
  p.added_dim = kPooledDim + kSizes * p.size_embed_dim;
  return p;
}

UnetState MakeInputs(const UnetParams& p, const Options& o) {
  const auto options = at::device(at::kCUDA).dtype(at::kBFloat16);
  const auto plain = options.dtype(at::kFloat);
  const int64_t rows = 2 * o.batch;
  UnetState s;
  s.x = at::randn({rows, p.in_channels, o.height / 8, o.width / 8}, options)
            .contiguous(at::MemoryFormat::ChannelsLast);
  s.timestep = at::full({rows}, 500.0, plain);
  s.text = at::randn({rows, kTextTokens, p.text_dim}, options);
  if (p.added_dim > 0) {
    s.pooled = at::randn({rows, kPooledDim}, options);
    s.sizes = at::full({rows, kSizes}, 1024.0, plain);
  }
  return s;
}

// Milliseconds a block kind, one block after the other with nothing else on the device.
void Profile(const BlockList<UnetState>& blocks, const UnetState& inputs,
             nlohmann::ordered_json* figures) {
  UnetState s = inputs;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const UnetState before = s;
    const double ms = Median(DeviceMilliseconds(1, 5, [&] {
      s = before;
      blocks[i].run(s);
    }));
    (*figures)["profile_" + blocks[i].name + "_ms"] = ms;
  }
}

// Attention with heads as wide as those of the largest level that has any.
double AttentionRate(const UnetParams& p, const Options& o) {
  size_t level = 0;
  while (p.depths[level] == 0) ++level;
  FluxParams heads;
  heads.hidden = p.channels[level], heads.heads = p.heads[level];
  const int64_t pixels = (o.height / 8 >> level) * (o.width / 8 >> level);
  return MeasureCeilings(heads, pixels).attention_tflops;
}

// The same step where each picture has an adapter (LoRA) of rank 16 on every product of the
// transformers; such steps are not captured.
void WithAdapters(const BlockList<UnetState>& blocks, const UnetState& inputs, const Options& o,
                  double plain_ms, nlohmann::ordered_json* figures) {
  RandomAdapters adapters(blocks, o.loras, /*rank=*/16);
  const auto bound = adapters.Bind(2 * o.batch);
  UnetState state;
  const double step_ms = Median(DeviceMilliseconds(5, o.runs, [&] {
    state = inputs;
    blocks.Run(state);
  }));
  (*figures)["lora_step_ms"] = step_ms;
  (*figures)["lora_throughput_ratio"] = plain_ms / step_ms;
}

nlohmann::ordered_json UnetStep(const UnetParams& p, const Options& o) {
  const c10::InferenceMode inference;
  kernels::ProductChoices products(o.choices, o.tune);
  products.Read();
  const BlockList<UnetState> blocks = MakeUnet(p);
  FillRandomly(blocks.Weights(), at::kBFloat16, at::kCUDA);
  for (const BlockWeights* block : blocks.Weights()) Pack(*block);
  const UnetState inputs = MakeInputs(p, o);

  const Ceilings ceilings = MeasureCeilings(FluxParams(), 4096);
  const double attention_tflops = AttentionRate(p, o);
  const UnetWork work = WorkOf(p, o.height / 8, o.width / 8, kTextTokens);
  const double rows = 2.0 * static_cast<double>(o.batch);
  const double floor_ms =
      1e3 * rows *
      (work.product_tflop / ceilings.matmul_tflops + work.attention_tflop / attention_tflops);

  StepGraphs graphs(o.graphs ? 8 : 0);
  UnetState state;
  const auto step = [&] {
    state = inputs;
    std::vector<at::Tensor*> tensors;
    state.ForEachTensor([&](at::Tensor& t) { tensors.push_back(&t); });
    graphs.Run("unet", tensors, [&] { blocks.Run(state); });
  };
  step();
  products.Write();
  const double step_ms = Median(DeviceMilliseconds(10, o.runs, step));
  nlohmann::ordered_json figures = {
      {"unet_step_ms", step_ms},
      {"floor_ms", floor_ms},
      {"ratio_to_floor", step_ms / floor_ms},
      {"product_tflop", rows * work.product_tflop},
      {"attention_tflop", rows * work.attention_tflop},
      {"matmul_tflops", ceilings.matmul_tflops},
      {"attention_tflops", attention_tflops},
      {"finite", static_cast<int>(at::isfinite(state.x).all().item<bool>())},
  };
  if (o.profile) Profile(blocks, inputs, &figures);
  if (o.loras > 0) WithAdapters(blocks, inputs, o, step_ms, &figures);
  return figures;
}

}  // namespace

nlohmann::ordered_json SdxlStep(const Options& o) { return UnetStep(SdxlParams(), o); }
nlohmann::ordered_json Sd15Step(const Options& o) { return UnetStep(UnetParams(), o); }

}  // namespace hanga::bench
