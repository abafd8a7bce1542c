// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/preview.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "worker/media/png.h"

namespace hanga {
namespace {

constexpr int kMaxSide = 512;

// Mean of factor x factor pixels; what is left over at the right and the bottom is cut.
Image ScaleDown(const Image& image, int factor) {
  Image small;
  small.width = std::max(1, image.width / factor);
  small.height = std::max(1, image.height / factor);
  small.rgb.resize(size_t{3} * small.width * small.height);
  const int across = std::min(factor, image.width), down = std::min(factor, image.height);
  for (int y = 0; y < small.height; ++y) {
    for (int x = 0; x < small.width; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        int sum = 0;
        for (int dy = 0; dy < down; ++dy) {
          for (int dx = 0; dx < across; ++dx) {
            const size_t pixel = size_t(y * factor + dy) * image.width + (x * factor + dx);
            sum += image.rgb[3 * pixel + channel];
          }
        }
        small.rgb[3 * (size_t(y) * small.width + x) + channel] =
            static_cast<uint8_t>(sum / (across * down));
      }
    }
  }
  return small;
}

}  // namespace

absl::StatusOr<std::string> EncodePreview(const Image& image) {
  int factor = (std::max(image.width, image.height) + kMaxSide - 1) / kMaxSide;
  for (;; ++factor) {
    auto bytes = EncodePng(factor <= 1 ? image : ScaleDown(image, factor));
    if (!bytes.ok() || bytes->size() <= kMaxPreviewBytes) return bytes;
  }
}

}  // namespace hanga
