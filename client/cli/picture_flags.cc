// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/picture_flags.h"

#include <utility>

#include "client/cli/upload_file.h"

namespace hanga::cli {
void PictureFlags::AddTo(CLI::App& command) {
  const auto option = [&](const char* name, auto& value, const char* text) {
    return command.add_option(name, value, text)->group("Picture to begin with");
  };
  option("--init", init, "a PNG, JPEG or WebP to begin with; its size is the picture's");
  option("--strength", strength, "how far to leave it, above 0, up to 1");
  option("--mask", mask, "as large as --init: white is repainted, black is kept");
  option("--mask-blur", mask_blur, "radius of the mask's edge in pixels");
  const auto second = [&](const char* name, auto& value, const char* text) {
    return command.add_option(name, value, text)->group("Second pass");
  };
  second("--upscale", upscale, "draw again, so many times as wide and high (1.5)");
  second("--upscale-steps", upscale_steps, "steps of a whole second walk");
  second("--upscale-strength", upscale_strength, "share of it that is walked, above 0, up to 1");
  second("--upscale-space", upscale_space, "enlarge latents or pixels")
      ->check(CLI::IsMember({"latent", "pixel"}));
  second("--upscale-method", upscale_method, "nearest, bilinear or bicubic")
      ->check(CLI::IsMember({"nearest", "bilinear", "bicubic"}));
}

void PictureFlags::Fill(v1::GenerationSpec& spec) const {
  if (strength) spec.set_strength(*strength);
  if (mask_blur) spec.set_mask_blur(*mask_blur);
  if (!upscale) return;
  v1::SecondPass& pass = *spec.mutable_second_pass();
  pass.set_scale(*upscale);
  if (upscale_steps) pass.set_steps(*upscale_steps);
  if (upscale_strength) pass.set_strength(*upscale_strength);
  if (upscale_space == "latent") pass.set_space(v1::UPSCALE_SPACE_LATENT);
  if (upscale_space == "pixel") pass.set_space(v1::UPSCALE_SPACE_PIXEL);
  if (upscale_method == "nearest") pass.set_method(v1::UPSCALE_METHOD_NEAREST);
  if (upscale_method == "bilinear") pass.set_method(v1::UPSCALE_METHOD_BILINEAR);
  if (upscale_method == "bicubic") pass.set_method(v1::UPSCALE_METHOD_BICUBIC);
}

absl::Status PictureFlags::UploadFiles(client::Client& client, v1::GenerationSpec& spec) const {
  const auto upload = [&](const char* flag, const std::string& path,
                          v1::BlobRef* (v1::GenerationSpec::*field)()) -> absl::Status {
    if (path.empty()) return absl::OkStatus();
    absl::StatusOr<v1::BlobRef> stored = UploadFile(client, flag, path);
    if (stored.ok()) *(spec.*field)() = *std::move(stored);
    return stored.status();
  };
  absl::Status status = upload("--init", init, &v1::GenerationSpec::mutable_init_image);
  if (status.ok()) status = upload("--mask", mask, &v1::GenerationSpec::mutable_mask);
  return status;
}

}  // namespace hanga::cli
