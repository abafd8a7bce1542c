// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How a FLUX generation begins: prompts, sampler, noise.
#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/latents.h"
#include "worker/pipelines/pixels.h"
#include "worker/pipelines/request_check.h"
#include "worker/pipelines/to_device.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/samplers/registry.h"

namespace hanga {

absl::Status FluxPipeline::CheckAndResolve(GenerationRequest* r) const {
  if (r->max_sequence_length == 0) {
    r->max_sequence_length = facts_.defaults.max_sequence_length;
  }
  TakeSizeOfPicture(r);
  if (absl::Status fits = CheckRequest(*r, facts_.limits); !fits.ok()) return fits;
  if (r->sampler.empty()) r->sampler = facts_.defaults.sampler;
  const absl::StatusOr<std::string> name = CanonicalSampler(SamplerKind::kFlow, r->sampler);
  if (!name.ok()) return name.status();
  r->sampler = *name;
  if (r->scheduler.empty()) r->scheduler = facts_.defaults.scheduler;
  if (r->prompt_2.empty()) r->prompt_2 = r->prompt;
  if (r->negative_prompt_2.empty()) r->negative_prompt_2 = r->negative_prompt;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Sampler>> FluxPipeline::NewSampler(const GenerationRequest& request,
                                                                  int64_t image_tokens) const {
  absl::StatusOr<nlohmann::json> config = WithSchedule(model_->scheduler, request.scheduler);
  if (!config.ok()) return config.status();
  if (request.shift) {
    (*config)["use_dynamic_shifting"] = false;
    (*config)["shift"] = *request.shift;
  }
  const absl::StatusOr<FlowMatchConfig> flow = FlowMatchConfig::FromJson(*config);
  if (!flow.ok()) return flow.status();
  ScheduleRequest schedule;
  schedule.steps = request.steps;
  schedule.mu = DynamicShift(*flow, image_tokens);
  schedule.sigmas = LinearSpace(1.0, 1.0 / request.steps, request.steps);
  return MakeSampler(SamplerKind::kFlow, request.sampler, *config, schedule);
}

absl::Status FluxPipeline::EncodePrompts(FluxGeneration* g) {
  const GenerationRequest& r = g->request;
  const auto bound = adapters_->BindText(g->adapters);
  if (!bound.ok()) return bound.status();
  absl::StatusOr<FluxText> text =
      text_encoder_->Encode(r.prompt, r.prompt_2, r.max_sequence_length);
  if (!text.ok()) return text.status();
  g->text = *std::move(text);
  if (r.true_cfg_scale <= 1) return absl::OkStatus();
  absl::StatusOr<FluxText> negative =
      text_encoder_->Encode(r.negative_prompt, r.negative_prompt_2, r.max_sequence_length);
  if (!negative.ok()) return negative.status();
  g->negative = *std::move(negative);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<FluxGeneration>> FluxPipeline::NewGeneration(
    const GenerationRequest& request) {
  auto generation = std::make_unique<FluxGeneration>();
  FluxGeneration& g = *generation;
  g.request = request;
  if (absl::Status valid = CheckAndResolve(&g.request); !valid.ok()) return valid;
  const GenerationRequest& r = g.request;
  g.rows = r.height / facts_.limits.size_multiple;
  g.columns = r.width / facts_.limits.size_multiple;

  absl::StatusOr<std::unique_ptr<Sampler>> sampler = NewSampler(r, g.rows * g.columns);
  if (!sampler.ok()) return sampler.status();
  g.sampler = *std::move(sampler);
  if (!r.loras.empty() && model_->shared() != nullptr) {
    return absl::FailedPreconditionError(
        "loras: a model that a group of workers runs takes none with a job");
  }
  absl::StatusOr<AdapterSet> adapters = adapters_->Load(r.loras);
  if (!adapters.ok()) return adapters.status();
  g.adapters = *std::move(adapters);
  if (absl::Status encoded = EncodePrompts(&g); !encoded.ok()) return encoded;
  g.noise = std::make_unique<SeededNoise>(r.seed, type_);
  g.key = absl::StrCat(r.width, "x", r.height, "/", r.max_sequence_length, "/",
                       g.negative ? "cfg" : "plain", ValuesKeyOf(g.adapters));
  return generation;
}

absl::StatusOr<std::unique_ptr<Generation>> FluxPipeline::Prepare(
    const GenerationRequest& request) {
  if (memory_) memory_->Bound();
  return BeginGeneration(request);
}

absl::StatusOr<std::unique_ptr<FluxGeneration>> FluxPipeline::BeginGeneration(
    const GenerationRequest& request) {
  const absl::StatusOr<std::optional<FirstPicture>> first = FirstPictureOf(request);
  if (!first.ok()) return first.status();
  return Begin(request, *first, nullptr);
}

absl::StatusOr<at::Tensor> FluxPipeline::EncodeMoments(const at::Tensor& image) {
  AutoencoderState state;
  absl::Status run = RunGuarded("vae", [&] { state.x = image.to(device_, type_); });
  if (run.ok()) run = model_->Run("vae_encoder", model_->encoder, state);
  if (!run.ok()) return run;
  return state.x.to(at::kFloat);
}

absl::StatusOr<at::Tensor> FluxPipeline::EncodeFirst(const FirstPicture& first, NoiseSource* draws,
                                                     FluxGeneration* g) {
  const auto steps = static_cast<double>(g->request.steps);
  const double walked = std::min(steps * first.strength, steps);
  g->first_step = static_cast<int64_t>(steps - walked) * g->sampler->evaluations_per_step();
  if (g->first_step >= g->sampler->steps()) {
    return absl::InvalidArgumentError(
        absl::StrCat("strength: ", first.strength, " of ", steps, " steps is less than one step"));
  }
  g->sampler->StartAt(g->first_step);
  const absl::StatusOr<at::Tensor> moments = EncodeMoments(FromBytes(first.bytes));
  if (!moments.ok()) return moments.status();
  const AutoencoderParams& vae = model_->vae_params;
  at::Tensor clean;
  const absl::Status sampled = RunGuarded("vae", [&] {
    const LatentDistribution picture(*moments);
    const at::Tensor drawn = ToDevice(draws->Draw(picture.mean.sizes()), device_);
    clean = (picture.mean + picture.std * drawn - vae.shift_factor) * vae.scaling_factor;
  });
  if (!sampled.ok()) return sampled;
  return clean;
}

absl::StatusOr<std::unique_ptr<FluxGeneration>> FluxPipeline::Begin(
    const GenerationRequest& request, const std::optional<FirstPicture>& first,
    NoiseSource* draws) {
  absl::StatusOr<std::unique_ptr<FluxGeneration>> generation = NewGeneration(request);
  if (absl::IsResourceExhausted(generation.status()) && MakeRoom("encoding")) {
    generation = NewGeneration(request);
  }
  if (!generation.ok()) return generation.status();
  FluxGeneration& g = **generation;
  if (draws == nullptr) draws = g.noise.get();
  const int64_t channels = model_->vae_params.latent_channels;
  const std::vector<int64_t> shape = {1, channels, 2 * g.rows, 2 * g.columns};
  at::Tensor clean;
  if (first) {
    const absl::StatusOr<at::Tensor> encoded = EncodeFirst(*first, draws, &g);
    if (!encoded.ok()) return encoded.status();
    clean = *encoded;
  }
  const absl::Status begun = RunGuarded("noise", [&] {
    const at::Tensor noise = ToDevice(draws->Draw(shape), device_);
    g.latents = PackLatents(first ? g.sampler->AddNoise(clean, noise)
                                  : noise * g.sampler->init_noise_sigma());
    if (!first || !first->mask.defined()) return;
    const at::Tensor repaint =
        at::upsample_nearest2d(RepaintedOf(*first), {shape[2], shape[3]}).to(device_);
    g.mask = LatentMask{
        PackLatents((1 - repaint).expand(shape)), PackLatents(clean), PackLatents(noise), {}};
  });
  if (!begun.ok()) return begun;
  return generation;
}

}  // namespace hanga
