// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How a latent generation begins: prompts, sampler, noise or a first picture.
#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/latent_pipeline.h"
#include "worker/pipelines/pixels.h"
#include "worker/pipelines/request_check.h"
#include "worker/samplers/registry.h"

namespace hanga {

absl::Status LatentPipeline::CheckAndResolve(GenerationRequest* r) const {
  if (r->max_sequence_length == 0) {
    r->max_sequence_length = facts_.defaults.max_sequence_length > 0
                                 ? facts_.defaults.max_sequence_length
                                 : facts_.limits.max_sequence_length;
  }
  TakeSizeOfPicture(r);
  if (absl::Status fits = CheckRequest(*r, facts_.limits); !fits.ok()) return fits;
  if (r->sampler.empty()) r->sampler = facts_.defaults.sampler;
  const absl::StatusOr<std::string> name = CanonicalSampler(model_->sampler_kind(), r->sampler);
  if (!name.ok()) return name.status();
  if (r->scheduler.empty()) r->scheduler = ScheduleOfSampler(r->sampler);
  r->sampler = *name;
  if (r->prompt_2.empty()) r->prompt_2 = r->prompt;
  if (r->negative_prompt_2.empty()) r->negative_prompt_2 = r->negative_prompt;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Sampler>> LatentPipeline::NewSampler(
    const GenerationRequest& request) const {
  absl::StatusOr<nlohmann::json> config = WithSchedule(model_->scheduler, request.scheduler);
  if (!config.ok()) return config.status();
  ScheduleRequest schedule;
  schedule.steps = request.steps;
  schedule.eta = request.eta;
  if (model_->sampler_kind() == SamplerKind::kFlow) {
    if (request.shift) {
      (*config)["use_dynamic_shifting"] = false;
      (*config)["shift"] = *request.shift;
    }
    const absl::StatusOr<FlowMatchConfig> flow = FlowMatchConfig::FromJson(*config);
    if (!flow.ok()) return flow.status();
    const int64_t multiple = facts_.limits.size_multiple;
    schedule.mu =
        DynamicShift(*flow, int64_t{request.width} * request.height / (multiple * multiple));
  } else if (request.shift) {
    return absl::InvalidArgumentError("shift: this model's noise levels cannot be shifted");
  }
  return MakeSampler(model_->sampler_kind(), request.sampler, *config, schedule);
}

// The ranks of a group see both prompts at once, repeated to one length.
absl::Status LatentPipeline::CheckLengths(const LatentGeneration& g) const {
  if (model_->shared() == nullptr) return absl::OkStatus();
  constexpr int64_t kMostTokens = 64 * 77;
  const int64_t tokens = g.text.text.size(1), negative = g.negative->text.size(1);
  if (std::lcm(tokens, negative) <= kMostTokens) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "negative_prompt: takes ", negative, " tokens, the prompt ", tokens,
      "; where a group of workers draws, their least common multiple may be ", kMostTokens));
}

absl::Status LatentPipeline::EncodePrompts(LatentGeneration* g) {
  if (absl::Status used = model_->UseInversions(g->inversions); !used.ok()) return used;
  const auto bound = adapters_->BindText(g->adapters);
  if (!bound.ok()) return bound.status();
  absl::StatusOr<Conditioning> text = model_->Encode(g->request, /*negative=*/false);
  if (!text.ok()) return text.status();
  g->text = *std::move(text);
  if (g->request.guidance_scale <= 1) return absl::OkStatus();
  absl::StatusOr<Conditioning> negative = model_->Encode(g->request, /*negative=*/true);
  if (!negative.ok()) return negative.status();
  g->negative = *std::move(negative);
  return CheckLengths(*g);
}

absl::StatusOr<std::unique_ptr<LatentGeneration>> LatentPipeline::NewGeneration(
    const GenerationRequest& request) {
  auto generation = std::make_unique<LatentGeneration>();
  LatentGeneration& g = *generation;
  g.request = request;
  if (absl::Status valid = CheckAndResolve(&g.request); !valid.ok()) return valid;
  const GenerationRequest& r = g.request;
  absl::StatusOr<std::unique_ptr<Sampler>> sampler = NewSampler(r);
  if (!sampler.ok()) return sampler.status();
  g.sampler = *std::move(sampler);
  if (!r.loras.empty() && model_->shared() != nullptr) {
    return absl::FailedPreconditionError(
        "loras: a model that a group of workers runs takes none with a job");
  }
  absl::StatusOr<AdapterSet> adapters = adapters_->Load(r.loras);
  if (!adapters.ok()) return adapters.status();
  g.adapters = *std::move(adapters);
  absl::StatusOr<Inversions> inversions = inversions_->Load(r);
  if (!inversions.ok()) return inversions.status();
  g.inversions = *std::move(inversions);
  if (absl::Status encoded = EncodePrompts(&g); !encoded.ok()) return encoded;
  g.noise = std::make_unique<SeededNoise>(r.seed, model_->type());
  const absl::StatusOr<int64_t> second = SecondWalk(r, g.sampler->evaluations_per_step());
  if (!second.ok()) return second.status();
  g.first_walk = g.sampler->steps();
  g.second_walk = *second;
  g.UpdateKey();
  return generation;
}

absl::StatusOr<std::unique_ptr<LatentGeneration>> LatentPipeline::BeginGeneration(
    const GenerationRequest& request) {
  const absl::StatusOr<std::optional<FirstPicture>> first = FirstPictureOf(request);
  if (!first.ok()) return first.status();
  return Begin(request, *first, nullptr);
}

absl::StatusOr<std::unique_ptr<Generation>> LatentPipeline::Prepare(
    const GenerationRequest& request) {
  if (memory_) memory_->Bound();
  return BeginGeneration(request);
}

absl::StatusOr<at::Tensor> LatentPipeline::SampleLatents(const at::Tensor& image,
                                                         NoiseSource* draws) const {
  absl::StatusOr<at::Tensor> moments = model_->EncodeImage(image);
  if (!moments.ok()) return moments.status();
  at::Tensor latents;
  const absl::Status sampled = RunGuarded("vae", [&] {
    const LatentDistribution picture(*moments);
    const at::Tensor drawn = draws->Draw(picture.mean.sizes()).to(device_);
    latents = (picture.mean + picture.std * drawn - model_->vae().shift_factor) *
              model_->vae().scaling_factor;
  });
  if (!sampled.ok()) return sampled;
  return latents;
}

absl::Status LatentPipeline::BeginAtPicture(const FirstPicture& first, NoiseSource* draws,
                                            LatentGeneration* g) {
  const int64_t evaluations = g->sampler->evaluations_per_step(), steps = g->request.steps;
  const auto walked =
      std::min(static_cast<int64_t>(static_cast<double>(steps) * first.strength), steps);
  if (walked < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("strength: ", first.strength, " of ", steps, " steps is less than one step"));
  }
  g->first_step = (steps - walked) * evaluations;
  g->first_walk = g->sampler->steps() - g->first_step;
  g->sampler->StartAt(g->first_step);
  const at::Tensor pixels = FromBytes(first.bytes);
  const absl::StatusOr<at::Tensor> clean = SampleLatents(pixels, draws);
  if (!clean.ok()) return clean.status();
  at::Tensor noise, keep, masked_pixels;
  absl::Status status = RunGuarded("noise", [&] {
    noise = draws->Draw(clean->sizes()).to(device_);
    const bool from_noise = first.mask.defined() && walked == steps;
    g->latents =
        from_noise ? noise * g->sampler->init_noise_sigma() : g->sampler->AddNoise(*clean, noise);
    if (!first.mask.defined()) return;
    const at::Tensor repaint = RepaintedOf(first);
    masked_pixels = pixels * (repaint < 0.5);
    keep = 1 - at::upsample_nearest2d(repaint, {clean->size(2), clean->size(3)}).to(device_);
  });
  if (!status.ok() || !first.mask.defined()) return status;
  const absl::StatusOr<at::Tensor> masked = SampleLatents(masked_pixels, draws);
  if (!masked.ok()) return masked.status();
  g->mask = LatentMask{keep, *clean, noise, {}};
  if (!model_->takes_mask()) return absl::OkStatus();
  return RunGuarded("noise", [&] { g->mask->beside = at::cat({1 - keep, *masked}, 1); });
}

absl::StatusOr<std::unique_ptr<LatentGeneration>> LatentPipeline::Begin(
    const GenerationRequest& request, const std::optional<FirstPicture>& first,
    NoiseSource* draws) {
  absl::StatusOr<std::unique_ptr<LatentGeneration>> generation = NewGeneration(request);
  if (!generation.ok()) return generation.status();
  LatentGeneration& g = **generation;
  if (draws == nullptr) draws = g.noise.get();
  if (model_->takes_mask() && !(first && first->mask.defined())) {
    return absl::InvalidArgumentError(
        "mask: this model repaints pictures; it needs a picture and a mask");
  }
  absl::Status begun;
  if (first) {
    begun = BeginAtPicture(*first, draws, &g);
  } else {
    const AutoencoderParams& vae = model_->vae();
    begun = RunGuarded("noise", [&] {
      g.latents = draws
                      ->Draw({1, vae.latent_channels, g.request.height / vae.factor(),
                              g.request.width / vae.factor()})
                      .to(device_) *
                  g.sampler->init_noise_sigma();
    });
  }
  if (!begun.ok()) return begun;
  return generation;
}

}  // namespace hanga
