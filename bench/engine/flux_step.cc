// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One denoising step of FLUX.1-dev with random weights, held against the floor of the same run.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <map>
#include <string>
#include <vector>

#include "bench/engine/commands.h"
#include "bench/engine/device_timer.h"
#include "bench/engine/floor.h"
#include "bench/engine/flux_inputs.h"
#include "bench/engine/random_weights.h"
#include "worker/kernels/product_choices.h"
#include "worker/models/flux.h"
#include "worker/residency/step_graphs.h"
#include "worker/weights/loader.h"

namespace hanga::bench {
namespace {

std::vector<at::Tensor*> Tensors(FluxState& s) {
  std::vector<at::Tensor*> tensors;
  s.ForEachTensor([&](at::Tensor& t) { tensors.push_back(&t); });
  return tensors;
}

// Milliseconds a block kind, run one block after the other with nothing else on the device.
void Profile(const BlockList<FluxState>& blocks, const FluxState& inputs,
             nlohmann::ordered_json* figures) {
  FluxState s = inputs;
  std::map<std::string, double> total;
  for (size_t i = 0; i < blocks.size(); ++i) {
    FluxState before = s;
    const double ms = Median(DeviceMilliseconds(1, 5, [&] {
      s = before;
      blocks[i].run(s);
    }));
    total[blocks[i].name.substr(0, blocks[i].name.find('.'))] += ms;
  }
  for (const auto& [kind, ms] : total) (*figures)["profile_" + kind + "_ms"] = ms;
}

// What is computed once a schedule instead of once a step.
double ConditioningMilliseconds(const FluxParams& p) {
  const BlockList<FluxConditioningState> blocks = MakeFluxConditioning(p);
  FillRandomly(blocks.Weights(), at::kBFloat16, at::kCUDA);
  FluxConditioningState inputs;
  inputs.timestep = at::linspace(1, 0.04, 28, at::device(at::kCUDA).dtype(at::kFloat));
  inputs.guidance = at::full({28}, 3.5, inputs.timestep.options());
  inputs.pooled = at::randn({28, p.pooled_dim}, inputs.timestep.options().dtype(at::kBFloat16));
  return Median(DeviceMilliseconds(2, 5, [&] {
    FluxConditioningState s = inputs;
    blocks.Run(s);
  }));
}

}  // namespace

nlohmann::ordered_json FluxStep(const Options& o) {
  const c10::InferenceMode inference;
  kernels::ProductChoices products(o.choices, o.tune);
  products.Read();
  const FluxParams params;
  const BlockList<FluxState> blocks = MakeFlux(params);
  FillRandomly(blocks.Weights(), at::kBFloat16, at::kCUDA);
  if (o.weights == "fp8") QuantizeBlocks(blocks.Weights());
  const FluxState inputs = MakeFluxInputs(params, o);
  const int64_t image_tokens = inputs.img.size(1);

  const Ceilings ceilings = MeasureCeilings(params, image_tokens + o.text_tokens);
  FluxWork work = WorkOf(params, image_tokens, o.text_tokens);
  work.linear_tflop *= o.batch;
  work.attention_tflop *= o.batch;
  const double floor_ms = FloorMilliseconds(work, ceilings);

  StepGraphs graphs(o.graphs ? 8 : 0);
  FluxState state;
  at::Tensor rope;
  const auto step = [&] {
    state = inputs;
    state.rope = rope;
    graphs.Run("flux", Tensors(state), [&] { blocks.Run(state); });
  };
  step();
  products.Write();
  rope = state.rope.clone();
  const double step_ms = Median(DeviceMilliseconds(4, o.runs, step));

  nlohmann::ordered_json figures = {
      {"flux_step_ms", step_ms},
      {"floor_ms", floor_ms},
      {"ratio_to_floor", step_ms / floor_ms},
      {"matmul_tflops", ceilings.matmul_tflops},
      {"attention_tflops", ceilings.attention_tflops},
      {"copy_tbps", ceilings.copy_tbps},
      {"host_to_device_gbps", ceilings.host_to_device_gbps},
      {"conditioning_28_steps_ms", ConditioningMilliseconds(params)},
      {"linear_tflop", work.linear_tflop},
      {"attention_tflop", work.attention_tflop},
      {"finite", static_cast<int>(at::isfinite(state.img).all().item<bool>())},
  };
  if (o.profile) Profile(blocks, inputs, &figures);
  return figures;
}

}  // namespace hanga::bench
