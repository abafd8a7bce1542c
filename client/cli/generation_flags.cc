// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/generation_flags.h"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <iterator>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

std::optional<uint32_t> ParsePixels(std::string_view text) {
  uint32_t pixels = 0;
  const char* const end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, pixels);
  if (error != std::errc() || next != end) return std::nullopt;
  return pixels;
}

absl::Status ParseSize(const std::string& text, v1::GenerationSpec& spec) {
  const size_t x = std::min(text.find('x'), text.size());
  const auto width = ParsePixels(std::string_view(text).substr(0, x));
  const auto height = ParsePixels(std::string_view(text).substr(std::min(x + 1, text.size())));
  if (!width || !height) {
    return absl::InvalidArgumentError(
        absl::StrCat("--size: \"", text, "\" is not WIDTHxHEIGHT in pixels, as in 256x192"));
  }
  spec.set_width(*width);
  spec.set_height(*height);
  return absl::OkStatus();
}

absl::Status AddLabel(const std::string& text, v1::SubmitJobRequest& request) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return absl::InvalidArgumentError(absl::StrCat("--label: \"", text, "\" is not KEY=VALUE"));
  }
  (*request.mutable_labels())[text.substr(0, equals)] = text.substr(equals + 1);
  return absl::OkStatus();
}

absl::Status SetDeadline(const std::string& text, absl::Time now, v1::SubmitJobRequest& request) {
  const auto duration = ParseDuration("--deadline", text);
  if (!duration.ok()) return duration.status();
  const int64_t nanos = absl::ToUnixNanos(now + *duration);
  request.mutable_queue_deadline()->set_seconds(nanos / 1'000'000'000);
  request.mutable_queue_deadline()->set_nanos(nanos % 1'000'000'000);
  return absl::OkStatus();
}

std::string ReadStandardInput() {
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void SetPicture(const GenerationFlags& flags, v1::GenerationSpec& spec) {
  if (!flags.model.empty()) spec.set_model(ResourceName("models", flags.model));
  spec.set_prompt(flags.prompt == "-" ? ReadStandardInput() : flags.prompt);
  spec.set_prompt_2(flags.prompt_2);
  spec.set_negative_prompt(flags.negative_prompt);
  spec.set_negative_prompt_2(flags.negative_prompt_2);
  if (flags.syntax == "plain") spec.set_prompt_syntax(v1::PROMPT_SYNTAX_PLAIN);
  if (flags.syntax == "a1111") spec.set_prompt_syntax(v1::PROMPT_SYNTAX_A1111);
  if (flags.syntax == "comfy") spec.set_prompt_syntax(v1::PROMPT_SYNTAX_COMFY);
  if (flags.clip_skip) spec.set_clip_skip(*flags.clip_skip);
  if (flags.max_sequence_length) spec.set_max_sequence_length(*flags.max_sequence_length);
  if (flags.seed) spec.set_seed(*flags.seed);
  if (flags.steps) spec.set_steps(*flags.steps);
  if (flags.guidance) spec.set_guidance_scale(*flags.guidance);
  if (flags.true_cfg) spec.set_true_cfg_scale(*flags.true_cfg);
  if (flags.guidance_rescale) spec.set_guidance_rescale(*flags.guidance_rescale);
  if (flags.guidance_start) spec.set_guidance_start(*flags.guidance_start);
  if (flags.guidance_end) spec.set_guidance_end(*flags.guidance_end);
  if (flags.aesthetic_score) spec.set_aesthetic_score(*flags.aesthetic_score);
  if (flags.negative_aesthetic_score) {
    spec.set_negative_aesthetic_score(*flags.negative_aesthetic_score);
  }
  if (flags.shift) spec.set_shift(*flags.shift);
  if (flags.eta) spec.set_eta(*flags.eta);
  spec.set_sampler(flags.sampler);
  spec.set_scheduler(flags.scheduler);
  if (flags.images) spec.set_num_images(*flags.images);
  if (flags.quality) spec.set_quality(*flags.quality);
  if (flags.preview_interval) spec.set_preview_interval(*flags.preview_interval);
  if (flags.format == "png") spec.set_output_format(v1::OUTPUT_FORMAT_PNG);
  if (flags.format == "webp") spec.set_output_format(v1::OUTPUT_FORMAT_WEBP);
  spec.set_deterministic(flags.deterministic);
  spec.set_allow_cached_result(flags.allow_cached);
  flags.pictures.Fill(spec);
}

}  // namespace

void GenerationFlags::AddTo(CLI::App& command) {
  command.add_option("prompt", prompt, "what the picture shows; - reads standard input")
      ->required();
  const std::string picture = "Picture";
  const auto option = [&](const char* name, auto& value, const char* text) {
    return command.add_option(name, value, text)->group(picture);
  };
  option("-m,--model", model, "model to draw with; may be left out if there is only one");
  option("--negative", negative_prompt, "what the picture must not show (with --true-cfg above 1)");
  option("--prompt-2", prompt_2, "prompt of the second text encoder, if another");
  option("--negative-2", negative_prompt_2, "negative prompt of the second text encoder");
  option("--syntax", syntax, "how prompts are read: plain, a1111 or comfy ((word:1.2) weights)")
      ->check(CLI::IsMember({"plain", "a1111", "comfy"}));
  option("--clip-skip", clip_skip, "last layers of CLIP text encoders to leave out");
  option("-s,--size", size, "WIDTHxHEIGHT in pixels");
  option("--steps", steps, "denoising steps");
  option("--seed", seed, "noise seed of the first image; image i takes seed + i");
  option("-n,--images", images, "images to draw");
  option("--guidance", guidance, "distilled guidance scale");
  option("--true-cfg", true_cfg, "classifier-free guidance scale; 1 is off");
  option("--guidance-rescale", guidance_rescale, "bring guidance's spread back, 0 to 1");
  option("--guidance-start", guidance_start, "share of the walk before guidance is on");
  option("--guidance-end", guidance_end, "share of the walk at which guidance ends");
  option("--aesthetic-score", aesthetic_score, "of refiners, 0 to 10");
  option("--negative-aesthetic-score", negative_aesthetic_score, "of refiners, 0 to 10");
  option("--sampler", sampler, "sampler, as diffusers names it");
  option("--scheduler", scheduler, "sigma schedule");
  option("--shift", shift, "timestep shift");
  option("--eta", eta, "noise that DDIM adds, 0 to 1");
  option("--max-sequence-length", max_sequence_length, "prompt tokens of the long text encoder");
  option("--format", format, "png or webp")->check(CLI::IsMember({"png", "webp"}));
  option("--quality", quality, "of webp, 1 to 100; 100 is lossless");
  option("--preview-interval", preview_interval, "write a small preview every so many steps");
  command.add_flag("--deterministic", deterministic, "forbid what could change the result's bits")
      ->group(picture);
  command.add_flag("--allow-cached", allow_cached, "an identical earlier result will do")
      ->group(picture);
  pictures.AddTo(command);
  adapters.AddTo(command);
  const std::string queue = "Queue";
  command.add_option("--priority", priority, "low, normal or high")
      ->check(CLI::IsMember({"low", "normal", "high"}))
      ->group(queue);
  command.add_option("--deadline", deadline, "expire unless started within this time (90s, 10m)")
      ->group(queue);
  command.add_option("--label", labels, "KEY=VALUE to find the job by; may be repeated")
      ->group(queue)
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--request-id", request_id, "UUID; the same id never makes a second job")
      ->group(queue);
}

absl::StatusOr<v1::SubmitJobRequest> GenerationFlags::Request(absl::Time now) const {
  v1::SubmitJobRequest request;
  SetPicture(*this, *request.mutable_spec());
  absl::Status status;
  if (!size.empty()) status.Update(ParseSize(size, *request.mutable_spec()));
  for (const std::string& label : labels) status.Update(AddLabel(label, request));
  if (!deadline.empty()) status.Update(SetDeadline(deadline, now, request));
  if (!status.ok()) return status;
  request.set_request_id(request_id);
  request.set_priority(priority == "low"      ? v1::PRIORITY_LOW
                       : priority == "normal" ? v1::PRIORITY_NORMAL
                       : priority == "high"   ? v1::PRIORITY_HIGH
                                              : v1::PRIORITY_UNSPECIFIED);
  return request;
}

}  // namespace hanga::cli
