// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Denoising steps under budgets for weights, each held against what the link and the device allow.
#include "bench/engine/stream.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/engine/flux_inputs.h"

namespace hanga::bench {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(std::string(value.status().message()));
  return *std::move(value);
}

constexpr double kGib = 1 << 30;

}  // namespace

nlohmann::ordered_json Stream(const Options& o) {
  const c10::InferenceMode inference;
  const FluxParams params;
  BlockList<FluxState> blocks = MakeFlux(params);
  const FluxState inputs = MakeFluxInputs(params, o);
  HostBudget host(UINT64_MAX / 2, UINT64_MAX / 2);
  const Baseline baseline = Must(MeasureBaseline(blocks, inputs, o, &host));
  nlohmann::ordered_json figures = {
      {"resident_step_ms", baseline.resident_ms},
      {"resident_graph_step_ms", baseline.resident_graph_ms},
      {"link_gbps", baseline.link.alone / 1e9},
      {"link_while_computing_gbps", baseline.link.while_computing / 1e9},
      {"weights_gib", baseline.weight_bytes / kGib},
      {"activations_gib", baseline.activation_bytes / kGib},
  };
  if (o.donor >= 0) figures["donor_link_gbps"] = baseline.donor_link.alone / 1e9;
  const FirstStep first = Must(RunFromHost(blocks, inputs, &host));
  const double pass_ms = first.bytes / baseline.link.alone * 1e3;
  figures["first_step_from_host_ms"] = first.ms;
  figures["one_pass_over_link_ms"] = pass_ms;
  figures["first_step_ratio"] = first.ms / pass_ms;
  for (const double gib : o.budgets_gb) {
    const auto budget = static_cast<uint64_t>(gib * kGib);
    const StreamFigures run = Must(RunUnderBudget(budget, baseline, blocks, inputs, o, &host));
    const uint64_t from_host = run.bytes_per_step - run.donor_bytes_per_step;
    double copy_ms = from_host / baseline.link.alone * 1e3;
    if (run.donor_bytes_per_step > 0) {  // both links at once
      copy_ms = std::max(copy_ms, run.donor_bytes_per_step / baseline.donor_link.alone * 1e3);
    }
    const double bound_ms = std::max(baseline.resident_ms, copy_ms);
    const std::string b = absl::StrCat("b", gib, "_");
    figures[b + "step_ms"] = run.step_ms;
    figures[b + "first_step_ms"] = run.first_step_ms;
    figures[b + "moved_gib"] = run.bytes_per_step / kGib;
    if (o.donor >= 0) figures[b + "donor_gib"] = run.donor_bytes_per_step / kGib;
    figures[b + "bound_ms"] = bound_ms;
    figures[b + "ratio_to_bound"] = run.step_ms / bound_ms;
    figures[b + "ratio_to_resident"] = run.step_ms / baseline.resident_ms;
    figures[b + "predicted_ms"] = run.predicted_ms;
    figures[b + "weights_peak_gib"] = run.weights_peak_bytes / kGib;
    figures[b + "peak_gib"] = run.peak_bytes / kGib;
    figures[b + "predicted_peak_gib"] = run.predicted_peak_bytes / kGib;
    figures[b + "ring_slots"] = run.ring_slots;
    figures[b + "equal"] = static_cast<int>(run.equal);
  }
  return figures;
}

nlohmann::ordered_json Swap(const Options& o) {
  const c10::InferenceMode inference;
  HostBudget host(UINT64_MAX / 2, UINT64_MAX / 2);
  DeviceBudget device("cuda:0", UINT64_MAX);
  const LinkRates link = MeasureLink();
  const ResidentBlocks::Memory memory = {at::Device(at::kCUDA, 0), &device, &host};
  struct Model {
    BlockList<FluxState> transformer = MakeFlux(FluxParams{});
    BlockList<FluxConditioningState> conditioning = MakeFluxConditioning(FluxParams{});
    std::unique_ptr<ResidentBlocks> parts[2];
  };
  Model models[2];
  const auto load = [&](const std::vector<BlockWeights*>& blocks) {
    return Must(ResidentBlocks::Load("model", blocks,
                                     {std::vector<Tier>(blocks.size(), Tier::kDevice), 0, true},
                                     std::make_shared<RandomWeights>(), at::kBFloat16, memory));
  };
  const auto move = [&](Model& model, bool to_device) {
    for (auto& part : model.parts) {
      const absl::Status moved = to_device ? part->Open() : part->Evict(UINT64_MAX);
      if (!moved.ok()) throw std::runtime_error(std::string(moved.message()));
    }
  };
  for (Model& model : models) {
    model.parts[0] = load(model.transformer.Weights());
    model.parts[1] = load(model.conditioning.Weights());
    move(model, false);
  }
  move(models[0], true);
  for (auto& part : models[0].parts) part->Close();  // waits
  std::vector<double> seconds;
  for (int i = 0; i < std::max(2, std::min(o.runs, 6)); ++i) {
    Model& out = models[i % 2];
    Model& in = models[1 - i % 2];
    const auto start = std::chrono::steady_clock::now();
    move(out, false);
    move(in, true);
    for (auto& part : in.parts) part->Close();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  const double bytes = static_cast<double>(device.used_bytes());
  const double bound_ms = bytes / link.alone * 1e3;
  const double swap_ms = seconds[seconds.size() / 2] * 1e3;
  return {{"swap_ms", swap_ms},
          {"model_gib", bytes / kGib},
          {"link_gbps", link.alone / 1e9},
          {"bound_ms", bound_ms},
          {"ratio_to_bound", swap_ms / bound_ms}};
}

}  // namespace hanga::bench
