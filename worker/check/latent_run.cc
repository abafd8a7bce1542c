// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/check/latent_run.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/samplers/registry.h"

namespace hanga {
std::string LatentRun::Unknown() const {
  static const auto* known = new std::set<std::string>{
      "StableDiffusionPipeline",          "StableDiffusionImg2ImgPipeline",
      "StableDiffusionInpaintPipeline",   "StableDiffusionXLPipeline",
      "StableDiffusionXLImg2ImgPipeline", "StableDiffusion3Pipeline"};
  const std::string pipeline = info_.at("pipeline");
  if (known->count(pipeline) == 0) return absl::StrCat("the pipeline ", pipeline, " is not known");
  if (info_.at("call").contains("original_size")) return "a request has no sizes of an original";
  return "";
}

size_t LatentRun::images() const {
  const nlohmann::json& prompt = info_.at("call").at("prompt");
  return prompt.is_array() ? prompt.size() : 1;
}

GenerationRequest LatentRun::Request(size_t image, SamplerKind kind) const {
  const nlohmann::json& call = info_.at("call");
  GenerationRequest r;
  r.prompt = TextOf("prompt", image);
  // SD3's third prompt is that of the long text encoder.
  r.prompt_2 = TextOf(call.contains("prompt_3") ? "prompt_3" : "prompt_2", image);
  r.negative_prompt = TextOf("negative_prompt", image);
  r.negative_prompt_2 = TextOf("negative_prompt_2", image);
  r.guidance_scale = call.value("guidance_scale", 7.5);
  r.guidance_rescale = call.value("guidance_rescale", 0.0);
  r.clip_skip = call.value("clip_skip", 0);
  r.steps = call.value("num_inference_steps", 50);
  r.max_sequence_length = call.value("max_sequence_length", 0);
  r.sampler = info_.at("scheduler").at("class");
  nlohmann::json config = info_.at("scheduler_config");
  config["_class_name"] = r.sampler;
  r.sampler = SamplerOfConfig(kind, config);
  r.width = info_.at("size").at("width");
  r.height = info_.at("size").at("height");
  r.seed = SeedOf(image);
  return r;
}

absl::StatusOr<std::vector<std::unique_ptr<LatentGeneration>>> LatentRun::Begin(
    LatentPipeline* pipeline) const {
  const at::Tensor picture = golden_.Input(absl::StrCat(label_, ".init_image"));
  std::optional<FirstPicture> first;
  if (picture.defined()) {
    first = FirstPicture{picture, info_.at("call").value("strength", 0.8),
                         golden_.Input(absl::StrCat(label_, ".mask_image"))};
  }
  std::vector<std::unique_ptr<LatentGeneration>> generations;
  for (size_t i = 0; i < images(); ++i) {
    absl::StatusOr<std::unique_ptr<LatentGeneration>> generation =
        pipeline->Begin(Request(i, pipeline->sampler_kind()), first, nullptr);
    if (!generation.ok()) return generation.status();
    generations.push_back(*std::move(generation));
  }
  return generations;
}

}  // namespace hanga
