// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A FLUX generation's denoising steps.
#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/latents.h"
#include "worker/pipelines/to_device.h"
#include "worker/pipelines/torch_errors.h"

namespace hanga {
namespace {

using Batch = absl::Span<FluxGeneration* const>;

at::Tensor Joined(const std::vector<at::Tensor>& rows) {
  return rows.size() == 1 ? rows.front() : at::cat(rows);
}

// Steps whose modulation is computed at once: enough for most schedules, and little memory for long
// ones. Windows begin at multiples of it, so that a resumed generation computes the same ones.
constexpr int64_t kModulationWindow = 32;

// Shapes whose rotary tables are kept.
constexpr size_t kMostRopes = 16;

// The rows of a batch: every generation, then every generation again with its negative prompt.
FluxState GatherState(Batch batch, at::Device device, at::ScalarType type) {
  std::vector<at::Tensor> img, txt, modulation;
  const bool cfg = batch.front()->negative.has_value();
  for (const bool negative : {false, true}) {
    if (negative && !cfg) break;
    for (const FluxGeneration* g : batch) {
      const FluxText& text = negative ? *g->negative : g->text;
      img.push_back(g->sampler->ScaleInput(g->latents));
      txt.push_back(text.sequence);
      const FluxModulation& m = negative ? g->negative_modulation : g->modulation;
      modulation.push_back(m.rows.narrow(0, g->sampler->step() - m.first_step, 1));
    }
  }
  const FluxGeneration& g = *batch.front();
  FluxState state;
  state.img = Joined(img).to(type);
  state.txt = Joined(txt);
  state.modulation = Joined(modulation);
  state.img_ids = ImagePositions(g.rows, g.columns, device);
  state.txt_ids = at::zeros({state.txt.size(1), 3}, state.img_ids.options());
  return state;
}

// The classifier-free guidance that diffusers calls true CFG, per row.
at::Tensor Guide(Batch batch, const at::Tensor& both) {
  const auto count = static_cast<int64_t>(batch.size());
  const at::Tensor wanted = both.narrow(0, 0, count), unwanted = both.narrow(0, count, count);
  std::vector<at::Tensor> guided;
  for (int64_t i = 0; i < count; ++i) {
    guided.push_back(unwanted.narrow(0, i, 1) +
                     batch[i]->request.true_cfg_scale *
                         (wanted.narrow(0, i, 1) - unwanted.narrow(0, i, 1)));
  }
  return Joined(guided);
}

}  // namespace

absl::Status FluxPipeline::Condition(const FluxGeneration& g, const FluxText& text,
                                     FluxModulation* modulation) {
  const int64_t step = g.sampler->step();
  const int64_t first = step - step % kModulationWindow;
  if (modulation->rows.defined() && modulation->first_step == first) return absl::OkStatus();
  const auto& timesteps = g.sampler->timesteps();
  const int64_t count =
      std::min<int64_t>(kModulationWindow, static_cast<int64_t>(timesteps.size()) - first);
  FluxConditioningState state;
  absl::Status status = RunGuarded("transformer", [&] {
    std::vector<float> times;
    for (int64_t i = 0; i < count; ++i) times.push_back(timesteps[first + i] / 1000);
    state.timestep = ToDevice(at::tensor(times, at::kFloat), device_);
    if (model_->flux_params.guidance) {
      state.guidance = at::full({count}, g.request.guidance_scale, state.timestep.options());
    }
    state.pooled = text.pooled.expand({count, -1}).contiguous();
  });
  const AdapterSet* const adapters[] = {&g.adapters};  // rows are steps here
  const auto bound = adapters_->BindDenoiser(adapters);
  if (!bound.ok()) return bound.status();
  if (status.ok()) status = model_->Run("conditioning", model_->conditioning, state);
  if (status.ok()) *modulation = {first, state.modulation};
  return status;
}

absl::Status FluxPipeline::Denoise(FluxState& state) {
  const absl::StatusOr<bool> stays =
      model_->EnterResident("transformer", model_->transformer.size());
  if (!stays.ok()) return stays.status();
  if (model_->moves() != graphs_moves_) {
    graphs_.Clear();
    graphs_moves_ = model_->moves();
  }
  // Graphs know no adapters: what these add changes from batch to batch.
  if (!model_->transformer[0].adapted.empty())
    return model_->Run("transformer", model_->transformer, state);
  if (IsToBeMeasured(state)) return DenoiseMeasured(state);
  // Without rotary tables the shape is new: they are made, then products are measured.
  if (!*stays || !state.rope.defined()) {
    return model_->Run("transformer", model_->transformer, state);
  }
  const FluxState before = state;
  std::vector<at::Tensor*> tensors;
  state.ForEachTensor([&](at::Tensor& t) { tensors.push_back(&t); });
  const absl::Status replayed = RunGuarded("transformer", [&] {
    graphs_.Run("transformer", tensors, [&] { model_->transformer.Run(state); });
  });
  if (!absl::IsResourceExhausted(replayed)) return replayed;
  graphs_.Clear();  // they keep memory of their own
  state = before;
  return model_->Run("transformer", model_->transformer, state);
}

absl::Status FluxPipeline::ConditionAll(Batch batch) {
  for (FluxGeneration* g : batch) {
    absl::Status status = Condition(*g, g->text, &g->modulation);
    if (status.ok() && g->negative) {
      status = Condition(*g, *g->negative, &g->negative_modulation);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> FluxPipeline::Predict(Batch batch) {
  if (model_->HandsOver("transformer")) return PredictInGroup(batch);
  absl::Status status = ConditionAll(batch);
  if (!status.ok()) return status;
  FluxState state;
  status = RunGuarded("transformer", [&] {
    state = GatherState(batch, device_, type_);
    const auto known = ropes_.find(batch.front()->key);
    if (known != ropes_.end()) state.rope = known->second;
  });
  if (!status.ok()) return status;
  const bool new_shape = !state.rope.defined();
  {
    std::vector<const AdapterSet*> adapters;
    for (int pass = 0; pass < (batch.front()->negative ? 2 : 1); ++pass) {
      for (const FluxGeneration* g : batch) adapters.push_back(&g->adapters);
    }
    const auto bound = adapters_->BindDenoiser(adapters);
    if (!bound.ok()) return bound.status();
    status = Denoise(state);
  }
  if (!status.ok()) return status;
  if (new_shape) {
    if (ropes_.size() == kMostRopes) ropes_.clear();
    ropes_[batch.front()->key] = state.rope;
  }
  if (products_) products_->Write();
  at::Tensor output;
  status = RunGuarded("transformer", [&] {
    output =
        state.img.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);  // a graph's is reused
    if (batch.front()->negative) output = Guide(batch, output);
  });
  if (!status.ok()) return status;
  return output;
}

absl::Status FluxPipeline::LaunchDenoising(FluxGeneration* g) {
  const Batch alone(&g, 1);
  if (absl::Status conditioned = ConditionAll(alone); !conditioned.ok()) return conditioned;
  FluxState state;
  const absl::Status gathered = RunGuarded("transformer", [&] {
    state = GatherState(alone, device_, type_);
    const auto known = ropes_.find(g->key);
    if (known != ropes_.end()) state.rope = known->second;
  });
  if (!gathered.ok()) return gathered;
  const absl::StatusOr<uint64_t> ticket = model_->shared()->Launch("transformer", TensorsOf(state));
  if (!ticket.ok()) return ticket.status();
  g->trip = GroupTrip(model_->shared(), *ticket);
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> FluxPipeline::AwaitDenoised(FluxGeneration* g) {
  absl::StatusOr<Row> row = g->trip.Await();
  if (!row.ok()) return row.status();
  if (products_) products_->Write();
  at::Tensor output;
  const absl::Status status = RunGuarded("transformer", [&] {
    const auto state = StateOf<FluxState>(*std::move(row));
    if (!ropes_.contains(g->key)) {
      if (ropes_.size() == kMostRopes) ropes_.clear();
      ropes_[g->key] = state.rope;
    }
    output = state.img.to(at::kFloat);
    if (g->negative) output = Guide(Batch(&g, 1), output);
  });
  if (!status.ok()) return status;
  return output;
}

absl::StatusOr<at::Tensor> FluxPipeline::PredictInGroup(Batch batch) {
  absl::Status status;
  size_t launched = 0;
  for (; launched < batch.size() && status.ok(); ++launched) {
    status = LaunchDenoising(batch[launched]);
  }
  std::vector<at::Tensor> outputs;
  for (FluxGeneration* g : batch.subspan(0, launched)) {
    if (!g->trip.on_the_way()) continue;                   // the one that failed
    absl::StatusOr<at::Tensor> output = AwaitDenoised(g);  // also after a failure
    if (status.ok()) status = output.status();
    if (status.ok()) outputs.push_back(*std::move(output));
  }
  if (!status.ok()) return status;
  return Joined(outputs);
}

absl::Status FluxPipeline::Launch(Generation& generation) {
  if (generation.done()) return absl::FailedPreconditionError("the generation has no step left");
  return LaunchDenoising(static_cast<FluxGeneration*>(&generation));
}

absl::Status FluxPipeline::Land(Generation& generation) {
  auto* g = static_cast<FluxGeneration*>(&generation);
  const absl::StatusOr<at::Tensor> output = AwaitDenoised(g);
  return output.ok() ? Advance(Batch(&g, 1), *output) : output.status();
}

absl::Status FluxPipeline::Advance(Batch batch, const at::Tensor& outputs) {
  const std::vector<SampledGeneration*> all(batch.begin(), batch.end());
  return AdvanceTogether(all, outputs, [&](size_t i, const at::Tensor& output) {
    FluxGeneration& g = *batch[i];
    const at::Tensor moved = g.sampler->Step(output, g.latents, *g.noise);
    return g.mask ? g.mask->PutBack(*g.sampler, moved) : moved;
  });
}

absl::Status FluxPipeline::Step(absl::Span<Generation* const> batch) {
  if (batch.empty()) return absl::OkStatus();
  if (memory_) memory_->Bound();
  if (absl::Status fits = CheckBatch(batch); !fits.ok()) return fits;
  std::vector<FluxGeneration*> generations;
  for (Generation* g : batch) generations.push_back(static_cast<FluxGeneration*>(g));
  absl::StatusOr<at::Tensor> outputs = Predict(generations);
  // A smaller batch is the caller's to try first.
  if (absl::IsResourceExhausted(outputs.status()) && batch.size() == 1 && MakeRoom("denoising")) {
    outputs = Predict(generations);
  }
  if (!outputs.ok()) return outputs.status();
  if (absl::Status advanced = Advance(generations, *outputs); !advanced.ok()) return advanced;
  return RunGuarded("transformer", [&] { pacer_.Queued(device_); });
}

}  // namespace hanga
