// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/request_check.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/pipelines/digest.h"

namespace hanga {
namespace {

absl::Status Violation(const std::string& field, const std::string& description) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", description));
}

absl::Status InRange(const std::string& field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return Violation(field, absl::StrCat(value, " is outside ", low, " to ", high));
}

absl::Status NumberInRange(const std::string& field, double value, double low, double high) {
  // Written so that NaN is outside.
  if (value >= low && value <= high) return absl::OkStatus();
  return Violation(field, absl::StrCat(value, " is outside ", low, " to ", high));
}

absl::Status CheckText(const std::string& field, const std::string& text) {
  if (text.size() <= kMaxPromptBytes) return absl::OkStatus();
  return Violation(field,
                   absl::StrCat("has ", text.size(), " bytes, the limit is ", kMaxPromptBytes));
}

absl::Status CheckSide(const std::string& field, int side, const ModelLimits& limits) {
  const absl::Status range = InRange(field, side, limits.min_side, limits.max_side);
  if (!range.ok() || side % limits.size_multiple == 0) return range;
  return Violation(field, absl::StrCat(side, " is not a multiple of ", limits.size_multiple));
}

absl::Status CheckPicture(const std::string& field, const Image* image,
                          const GenerationRequest& r) {
  if (image == nullptr || (image->width == r.width && image->height == r.height)) {
    return absl::OkStatus();
  }
  return Violation(field, absl::StrCat("is ", image->width, " x ", image->height,
                                       " pixels, the picture to draw ", r.width, " x ", r.height));
}

absl::Status CheckPictures(const GenerationRequest& r) {
  if (r.mask != nullptr && r.init_image == nullptr)
    return Violation("mask", "is set, but init_image is not");
  if (r.init_image == nullptr) return absl::OkStatus();
  // Written so that NaN is outside.
  if (!(r.strength > 0 && r.strength <= 1))
    return Violation("strength", absl::StrCat(r.strength, " is not above 0 and up to 1"));
  for (const absl::Status& status :
       {InRange("mask_blur", r.mask_blur, 0, 256),
        CheckPicture("init_image", r.init_image.get(), r), CheckPicture("mask", r.mask.get(), r)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckSecondPass(const GenerationRequest& r, const ModelLimits& limits) {
  if (!r.second_pass) return absl::OkStatus();
  const SecondPass& pass = *r.second_pass;
  if (!(pass.scale > 1 && pass.scale <= 4))
    return Violation("second_pass.scale", absl::StrCat(pass.scale, " is not above 1 and up to 4"));
  if (!(pass.strength > 0 && pass.strength <= 1)) {
    return Violation("second_pass.strength",
                     absl::StrCat(pass.strength, " is not above 0 and up to 1"));
  }
  const double width = pass.scale * r.width, height = pass.scale * r.height;
  if (width > limits.max_side || height > limits.max_side ||
      width * height > static_cast<double>(limits.max_pixels)) {
    return Violation("second_pass.scale",
                     absl::StrCat("makes ", width, " x ", height, " pixels, the limits are ",
                                  limits.max_side, " a side and ", limits.max_pixels, " in all"));
  }
  return InRange("second_pass.steps", pass.steps, 1, limits.max_steps);
}

// Fields that a family of models may lack, where they ask for something.
absl::Status CheckCapabilities(const GenerationRequest& r, const ModelLimits& limits) {
  const std::pair<const char*, bool> asked[] = {
      {"prompt_syntax", r.prompt_syntax != PromptSyntax::kPlain},
      {"clip_skip", r.clip_skip > 0},
      {"eta", r.eta > 0},
      {"guidance_rescale", r.guidance_rescale > 0},
      {"guidance_start", r.guidance_start > 0 || r.guidance_end < 1},
      {"init_image", r.init_image != nullptr},
      {"mask", r.mask != nullptr},
      {"second_pass", r.second_pass.has_value()},
      {"loras", !r.loras.empty()},
      {"embeddings", !r.embeddings.empty()}};
  const auto& known = limits.capabilities;
  for (const auto& [field, set] : asked) {
    if (set && std::find(known.begin(), known.end(), field) == known.end())
      return Violation(field, "is not supported by this model");
  }
  return absl::OkStatus();
}

std::string DigestOf(const Image* image) {
  if (image == nullptr) return "";
  return Sha256()
      .Update(absl::StrCat(image->width, "x", image->height, ":"))
      .Update({reinterpret_cast<const char*>(image->rgb.data()), image->rgb.size()})
      .Finish();
}

}  // namespace

void TakeSizeOfPicture(GenerationRequest* r) {
  if (r->init_image == nullptr || r->width != 0 || r->height != 0) return;
  r->width = r->init_image->width;
  r->height = r->init_image->height;
}

absl::Status CheckRequest(const GenerationRequest& r, const ModelLimits& limits) {
  if (r.prompt.empty()) return Violation("prompt", "is empty");
  for (const absl::Status& status :
       {CheckText("prompt", r.prompt), CheckText("prompt_2", r.prompt_2),
        CheckText("negative_prompt", r.negative_prompt),
        CheckText("negative_prompt_2", r.negative_prompt_2),
        InRange("max_sequence_length", r.max_sequence_length, 1, limits.max_sequence_length),
        InRange("steps", r.steps, 1, limits.max_steps),
        NumberInRange("guidance_scale", r.guidance_scale, 0, 100),
        NumberInRange("true_cfg_scale", r.true_cfg_scale, 1, 100),
        NumberInRange("shift", r.shift.value_or(1), 0.01, 100), NumberInRange("eta", r.eta, 0, 1),
        InRange("clip_skip", r.clip_skip, 0, 11),
        NumberInRange("guidance_rescale", r.guidance_rescale, 0, 1),
        NumberInRange("guidance_start", r.guidance_start, 0, 1),
        NumberInRange("guidance_end", r.guidance_end, 0, 1), CheckSide("width", r.width, limits),
        CheckSide("height", r.height, limits), CheckPictures(r), CheckSecondPass(r, limits),
        CheckCapabilities(r, limits)}) {
    if (!status.ok()) return status;
  }
  const int64_t pixels = int64_t{r.width} * r.height;
  if (pixels > limits.max_pixels) {
    return Violation("width", absl::StrCat(r.width, " x ", r.height, " has ", pixels,
                                           " pixels, the limit is ", limits.max_pixels));
  }
  return absl::OkStatus();
}

std::string CanonicalText(const GenerationRequest& r) {
  std::string text;
  for (const std::string* field : {&r.prompt, &r.prompt_2, &r.negative_prompt, &r.negative_prompt_2,
                                   &r.sampler, &r.scheduler}) {
    absl::StrAppend(&text, field->size(), ":", *field, "\n");
  }
  absl::StrAppendFormat(&text, "%d %d %d %d %d %a %a %a", r.max_sequence_length, r.seed, r.steps,
                        r.width, r.height, r.guidance_scale, r.true_cfg_scale, r.shift.value_or(0));
  absl::StrAppendFormat(&text, " %a %d %a %a %a", r.eta, r.clip_skip, r.guidance_rescale,
                        r.guidance_start, r.guidance_end);
  absl::StrAppendFormat(&text, " %d %a %a", r.prompt_syntax, r.aesthetic_score,
                        r.negative_aesthetic_score);
  if (r.init_image != nullptr) {
    absl::StrAppendFormat(&text, " from %a %d ", r.strength, r.mask_blur);
    absl::StrAppend(&text, DigestOf(r.init_image.get()), DigestOf(r.mask.get()));
  }
  if (r.second_pass) {
    const SecondPass& pass = *r.second_pass;
    absl::StrAppendFormat(&text, " again %a %d %a %d %d", pass.scale, pass.steps, pass.strength,
                          pass.pixels, pass.method);
  }
  for (const LoraUse& lora : r.loras) {
    absl::StrAppendFormat(&text, " lora %d:%s %s %a %a", lora.name.size(), lora.name, lora.sha256,
                          lora.weight, lora.text_encoder_weight);
  }
  for (const EmbeddingUse& embedding : r.embeddings) {
    absl::StrAppendFormat(&text, " word %d:%s %d:%s %s", embedding.token.size(), embedding.token,
                          embedding.name.size(), embedding.name, embedding.sha256);
  }
  return text;
}

}  // namespace hanga
