// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/check/flux_run.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/samplers/registry.h"

namespace hanga {
namespace {

// One image's share of the recorded draws, in order. A draw of one row serves every image.
class RecordedDraws final : public NoiseSource {
 public:
  RecordedDraws(const GoldenCase& golden, std::string prefix, size_t image)
      : golden_(golden), prefix_(std::move(prefix)), image_(static_cast<int64_t>(image)) {}

  at::Tensor Draw(at::IntArrayRef shape) override {
    const at::Tensor draw = golden_.Input(absl::StrCat(prefix_, ".draw.", next_++));
    TORCH_CHECK(draw.defined(), "the case has no draw ", next_ - 1);
    return draw.narrow(0, std::min(image_, draw.size(0) - 1), 1).reshape(shape);
  }

 private:
  const GoldenCase& golden_;
  const std::string prefix_;
  const int64_t image_;
  int next_ = 0;
};

}  // namespace

std::string FluxRun::Unknown() const {
  const std::string pipeline = info_.at("pipeline");
  if (pipeline != "FluxPipeline" && pipeline != "FluxImg2ImgPipeline") {
    return absl::StrCat("the pipeline ", pipeline, " is not known");
  }
  const std::string sampler = info_.at("scheduler").at("class");
  if (!CanonicalSampler(SamplerKind::kFlow, sampler).ok()) {
    return absl::StrCat("the sampler ", sampler, " is not known");
  }
  if (auto config = FlowMatchConfig::FromJson(info_.at("scheduler_config")); !config.ok()) {
    return std::string(config.status().message());
  }
  return "";
}

size_t FluxRun::images() const {
  const nlohmann::json& call = info_.at("call");
  const nlohmann::json& prompt = call.at("prompt");
  return (prompt.is_array() ? prompt.size() : 1) * call.value("num_images_per_prompt", size_t{1});
}

GenerationRequest FluxRun::Request(size_t image) const {
  const nlohmann::json& call = info_.at("call");
  const size_t text = image / call.value("num_images_per_prompt", size_t{1});
  GenerationRequest r;
  r.prompt = TextOf("prompt", text);
  r.prompt_2 = TextOf("prompt_2", text);
  r.negative_prompt = TextOf("negative_prompt", text);
  r.negative_prompt_2 = TextOf("negative_prompt_2", text);
  // Without a negative prompt the reference leaves true CFG off.
  const bool negative = call.contains("negative_prompt") && !call.at("negative_prompt").is_null();
  r.true_cfg_scale = negative ? call.value("true_cfg_scale", 1.0) : 1.0;
  const bool from_image = info_.at("pipeline") == "FluxImg2ImgPipeline";
  r.guidance_scale = call.value("guidance_scale", from_image ? 7.0 : 3.5);
  r.steps = call.value("num_inference_steps", 28);
  r.max_sequence_length = call.value("max_sequence_length", 512);
  r.width = info_.at("size").at("width");
  r.height = info_.at("size").at("height");
  r.seed = SeedOf(image);
  return r;
}

absl::StatusOr<std::vector<std::unique_ptr<FluxGeneration>>> FluxRun::Begin(
    FluxPipeline* pipeline) const {
  const at::Tensor picture = golden_.Input(absl::StrCat(label_, ".init_image"));
  std::optional<FirstPicture> initial;
  if (picture.defined()) {
    initial = FirstPicture{picture, info_.at("call").value("strength", 0.6), {}};
  }
  const size_t count = images();
  const bool seeded = info_.at("seeds").size() == count && (!initial || count == 1);
  std::vector<std::unique_ptr<FluxGeneration>> generations;
  for (size_t i = 0; i < count; ++i) {
    RecordedDraws draws(golden_, label_, i);
    absl::StatusOr<std::unique_ptr<FluxGeneration>> generation =
        pipeline->Begin(Request(i), initial, seeded ? nullptr : &draws);
    if (!generation.ok()) return generation.status();
    generations.push_back(*std::move(generation));
  }
  return generations;
}

}  // namespace hanga
