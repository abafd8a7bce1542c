// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/pixels.h"

#include <ATen/ATen.h>

namespace hanga {

at::Tensor ToBytes(const at::Tensor& pixels) {
  const at::Tensor unit = (pixels / 2 + 0.5).clamp(0, 1).to(at::kFloat);
  return (unit * 255).round().to(at::kByte).permute({1, 2, 0}).contiguous().cpu();
}

at::Tensor FromBytes(const at::Tensor& bytes) {
  return (bytes.to(at::kFloat) / 255 * 2 - 1).permute({2, 0, 1}).unsqueeze(0).contiguous();
}

Image ToImage(const at::Tensor& bytes) {
  Image image;
  image.height = static_cast<int>(bytes.size(0));
  image.width = static_cast<int>(bytes.size(1));
  const auto* data = static_cast<const uint8_t*>(bytes.const_data_ptr());
  image.rgb.assign(data, data + bytes.numel());
  return image;
}

}  // namespace hanga
