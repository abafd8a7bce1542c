// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/first_picture.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "worker/pipelines/torch_errors.h"

namespace hanga {
namespace {

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

absl::StatusOr<std::optional<FirstPicture>> FirstPictureOf(const GenerationRequest& request) {
  if (request.init_image == nullptr) return std::optional<FirstPicture>();
  FirstPicture first;
  const absl::Status made = RunGuarded("init_image", [&] {
    first.bytes = BytesOf(*request.init_image);
    first.strength = request.strength;
    if (request.mask == nullptr) return;
    first.mask = GrayOf(*request.mask);
    first.soft = request.mask_blur > 0;
    if (first.soft) first.mask = Blurred(first.mask, request.mask_blur);
  });
  if (!made.ok()) return made;
  return std::optional<FirstPicture>(std::move(first));
}

at::Tensor RepaintedOf(const FirstPicture& first) {
  const at::Tensor repaint = (first.mask.to(at::kFloat) / 255).unsqueeze(0).unsqueeze(0);
  return first.soft ? repaint : (repaint >= 0.5).to(at::kFloat);
}

at::Tensor LatentMask::PutBack(const Sampler& sampler, const at::Tensor& moved) const {
  const bool done = sampler.step() >= sampler.steps();
  const at::Tensor kept = done ? picture : sampler.AddNoise(picture, noise);
  return keep * kept + (1 - keep) * moved;
}

}  // namespace hanga
