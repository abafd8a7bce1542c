// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/pictured_request.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/latent_pipeline.h"

namespace hanga {
namespace {

absl::Status Violation(const std::string& field, const std::string& description) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", description));
}

absl::Status CheckSize(const std::string& field, const Image& image, const GenerationRequest& r) {
  if (image.width == r.width && image.height == r.height) return absl::OkStatus();
  return Violation(field, absl::StrCat("is ", image.width, " x ", image.height,
                                       " pixels, the picture to draw ", r.width, " x ", r.height));
}

absl::Status CheckPictures(const PicturedRequest& p) {
  // Written so that NaN is outside.
  if (!(p.strength > 0 && p.strength <= 1))
    return Violation("strength", absl::StrCat(p.strength, " is not above 0 and up to 1"));
  if (p.mask_blur < 0 || p.mask_blur > 256)
    return Violation("mask_blur", absl::StrCat(p.mask_blur, " is outside 0 to 256"));
  if (absl::Status s = CheckSize("init_image", p.init_image, p.request); !s.ok()) return s;
  return p.mask ? CheckSize("mask", *p.mask, p.request) : absl::OkStatus();
}

// [height, width, 3] bytes of its own.
at::Tensor BytesOf(const Image& image) {
  at::Tensor bytes = at::empty({image.height, image.width, 3}, at::kByte);
  std::copy(image.rgb.begin(), image.rgb.end(), bytes.data_ptr<uint8_t>());
  return bytes;
}

// Brightness as broadcasting weighs the colors (ITU-R 601). [height, width] of 0 to 255.
at::Tensor GrayOf(const Image& image) {
  const at::Tensor weights = at::tensor({0.299f, 0.587f, 0.114f});
  return (BytesOf(image).to(at::kFloat) * weights).sum(-1).round();
}

// A Gaussian along rows, then columns.
at::Tensor Blurred(const at::Tensor& gray, int deviation) {
  const int64_t reach = 3 * int64_t{deviation};
  const at::Tensor x = at::arange(-reach, reach + 1, at::kFloat);
  at::Tensor kernel = at::exp(-x.square() / (2.0 * deviation * deviation));
  kernel = (kernel / kernel.sum()).view({1, 1, 1, -1});
  at::Tensor blurred = gray.unsqueeze(0).unsqueeze(0);
  for (int pass = 0; pass < 2; ++pass) {
    blurred = at::replication_pad2d(blurred, {reach, reach, 0, 0});
    blurred = at::conv2d(blurred, kernel).transpose(2, 3);
  }
  return blurred[0][0].clamp(0, 255);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Generation>> PrepareAtPicture(Pipeline& pipeline,
                                                             const PicturedRequest& pictured) {
  auto* latent = dynamic_cast<LatentPipeline*>(&pipeline);
  if (latent == nullptr)
    return absl::FailedPreconditionError("init_image: this model begins at noise alone");
  if (absl::Status fits = CheckPictures(pictured); !fits.ok()) return fits;
  FirstPicture first;
  const absl::Status made = RunGuarded("init_image", [&] {
    first.bytes = BytesOf(pictured.init_image);
    first.strength = pictured.strength;
    if (!pictured.mask) return;
    first.mask = GrayOf(*pictured.mask);
    first.soft = pictured.mask_blur > 0;
    if (first.soft) first.mask = Blurred(first.mask, pictured.mask_blur);
  });
  if (!made.ok()) return made;
  return latent->Begin(pictured.request, first, nullptr);
}

}  // namespace hanga
