// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A latent generation's denoising steps.
#include <ATen/ATen.h>

#include <numeric>
#include <utility>
#include <vector>

#include "worker/pipelines/latent_pipeline.h"
#include "worker/pipelines/to_device.h"

namespace hanga {
namespace {

using Batch = absl::Span<LatentGeneration* const>;

at::Tensor Joined(const std::vector<at::Tensor>& rows) {
  if (!rows.front().defined()) return at::Tensor();
  return rows.size() == 1 ? rows.front() : at::cat(rows);
}

// One evaluation's input: a generation with one of its prompts.
struct Evaluation {
  const LatentGeneration* generation;
  const Conditioning* text;
};

struct Inputs {
  at::Tensor x, timesteps;
  Conditioning text;
};

// [1, L, D] -> [1, length, D]: attention to keys that are there n times each is attention to them
// once, so that texts of unequal length can be one batch.
at::Tensor Repeated(const at::Tensor& text, int64_t length) {
  return text.size(1) == length ? text : text.repeat({1, length / text.size(1), 1});
}

Inputs Gather(absl::Span<const Evaluation> rows, at::Device device) {
  int64_t length = 1;
  for (const Evaluation& row : rows) length = std::lcm(length, row.text->text.size(1));
  std::vector<at::Tensor> x, text, pooled, sizes;
  std::vector<float> timesteps;
  for (const auto& [g, prompt] : rows) {
    at::Tensor shown = g->sampler->ScaleInput(g->latents);
    if (g->mask && g->mask->beside.defined()) shown = at::cat({shown, g->mask->beside}, 1);
    x.push_back(shown);
    timesteps.push_back(g->sampler->timesteps()[g->sampler->step()]);
    text.push_back(Repeated(prompt->text, length));
    pooled.push_back(prompt->pooled);
    sizes.push_back(prompt->sizes);
  }
  return {Joined(x),
          ToDevice(at::tensor(timesteps, at::kFloat), device),
          {Joined(text), Joined(pooled), Joined(sizes)}};
}

// Classifier-free guidance (arXiv:2207.12598), rescaled to the spread of the guided output
// (arXiv:2305.08891). [1, C, h, w] each.
at::Tensor Guide(const GenerationRequest& r, const at::Tensor& wanted, const at::Tensor& unwanted) {
  const at::Tensor guided = unwanted + r.guidance_scale * (wanted - unwanted);
  if (r.guidance_rescale <= 0) return guided;
  const at::Tensor rescaled = guided * (wanted.std() / guided.std());
  return r.guidance_rescale * rescaled + (1 - r.guidance_rescale) * guided;
}

}  // namespace

bool LatentGeneration::guided() const {
  if (!negative) return false;
  const double share = static_cast<double>(sampler->step()) / static_cast<double>(sampler->steps());
  return request.guidance_start <= share && share < request.guidance_end;
}

absl::StatusOr<at::Tensor> LatentPipeline::Predict(Batch batch) {
  std::vector<Evaluation> rows;
  for (const LatentGeneration* g : batch) rows.push_back({g, &g->text});
  for (const LatentGeneration* g : batch) {
    if (g->guided()) rows.push_back({g, &*g->negative});
  }
  const bool guides = rows.size() > batch.size();
  // Prompts of unequal length are not lengthened where they can take turns.
  const bool unequal = guides && rows.back().text->text.size(1) != rows.front().text->text.size(1);
  const auto run = [&](absl::Span<const Evaluation> some) -> absl::StatusOr<at::Tensor> {
    Inputs inputs;
    const absl::Status gathered = RunGuarded("denoiser", [&] { inputs = Gather(some, device_); });
    if (!gathered.ok()) return gathered;
    std::vector<const AdapterSet*> adapters;
    for (const Evaluation& row : some) adapters.push_back(&row.generation->adapters);
    const auto bound = adapters_->BindDenoiser(adapters);
    if (!bound.ok()) return bound.status();
    return model_->Predict(inputs.x, inputs.timesteps, inputs.text);
  };
  const absl::Span<const Evaluation> all = rows;
  absl::StatusOr<at::Tensor> both = absl::UnknownError("not run");
  if (!guides || (!halves_ && !unequal)) both = run(all);
  if (absl::IsResourceExhausted(both.status())) halves_ = guides;
  if (guides && (halves_ || unequal)) {  // one prompt after the other, in half of the memory
    const absl::StatusOr<at::Tensor> wanted = run(all.subspan(0, batch.size()));
    if (!wanted.ok()) return wanted.status();
    const absl::StatusOr<at::Tensor> unwanted = run(all.subspan(batch.size()));
    if (!unwanted.ok()) return unwanted.status();
    const absl::Status joined = RunGuarded("denoiser", [&] {
      both = at::cat({*wanted, *unwanted});
    });
    if (!joined.ok()) return joined;
  }
  if (!both.ok() || !guides) return both;
  at::Tensor outputs;
  const absl::Status guided = RunGuarded("denoiser", [&] {
    std::vector<at::Tensor> each;
    auto next = static_cast<int64_t>(batch.size());
    for (size_t i = 0; i < batch.size(); ++i) {
      const at::Tensor wanted = both->narrow(0, static_cast<int64_t>(i), 1);
      each.push_back(batch[i]->guided()
                         ? Guide(batch[i]->request, wanted, both->narrow(0, next++, 1))
                         : wanted);
    }
    outputs = Joined(each);
  });
  if (!guided.ok()) return guided;
  return outputs;
}

Row LatentPipeline::GatherRow(LatentGeneration* g) const {
  std::vector<Evaluation> evaluations = {{g, &g->text}};
  if (g->guided()) evaluations.push_back({g, &*g->negative});
  const Inputs inputs = Gather(evaluations, device_);
  return model_->DenoiserInput(inputs.x, inputs.timesteps, inputs.text);
}

at::Tensor LatentPipeline::GuidedOutput(LatentGeneration* g, Row row) const {
  const at::Tensor both = model_->DenoiserOutput(std::move(row), g->latents);
  if (!g->guided()) return both;
  return Guide(g->request, both.narrow(0, 0, 1), both.narrow(0, 1, 1));
}

absl::Status LatentPipeline::Advance(Batch batch, const at::Tensor& outputs,
                                     absl::Span<NoiseSource* const> draws) {
  const std::vector<SampledGeneration*> all(batch.begin(), batch.end());
  return AdvanceTogether(all, outputs, [&](size_t i, const at::Tensor& output) {
    LatentGeneration& g = *batch[i];
    const at::Tensor moved =
        g.sampler->Step(output, g.latents, draws.empty() ? *g.noise : *draws[i]);
    const bool repainted = g.mask && !g.mask->beside.defined();
    return repainted ? g.mask->PutBack(*g.sampler, moved) : moved;
  });
}

absl::Status LatentPipeline::Step(absl::Span<Generation* const> batch) {
  if (batch.empty()) return absl::OkStatus();
  if (memory_) memory_->Bound();
  if (absl::Status fits = CheckBatch(batch); !fits.ok()) return fits;
  std::vector<LatentGeneration*> generations;
  for (Generation* g : batch) generations.push_back(static_cast<LatentGeneration*>(g));
  if (generations.front()->enlarges()) return Enlarge(generations);
  absl::StatusOr<at::Tensor> outputs = Predict(generations);
  // A smaller batch is the caller's to try first.
  if (absl::IsResourceExhausted(outputs.status()) && batch.size() == 1 && MakeRoom("denoising")) {
    outputs = Predict(generations);
  }
  if (!outputs.ok()) return outputs.status();
  absl::Status advanced = Advance(generations, *outputs);
  for (LatentGeneration* g : generations) {
    if (g->enlarges()) g->UpdateKey();
  }
  return advanced;
}

}  // namespace hanga
