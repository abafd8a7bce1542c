// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/decode_picture.h"

#include <webp/decode.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/media/jpeg.h"
#include "worker/media/png.h"

namespace hanga {
namespace {

uint32_t BigEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

absl::Status CheckSize(int64_t width, int64_t height, size_t file_bytes,
                       const PictureLimits& limits) {
  if (width < 1 || height < 1 || width > limits.max_side || height > limits.max_side) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a picture of ", width, "x", height, " pixels: sides must be 1 to ", limits.max_side));
  }
  const int64_t pixels = width * height;
  if (pixels > limits.max_pixels) {
    return absl::InvalidArgumentError(
        absl::StrCat("a picture of ", pixels, " pixels, the limit is ", limits.max_pixels));
  }
  const auto bytes = static_cast<int64_t>(file_bytes);
  if (pixels / limits.max_pixels_per_byte > bytes) {
    return absl::InvalidArgumentError(absl::StrCat("a picture of ", pixels, " pixels in ", bytes,
                                                   " bytes: more than ", limits.max_pixels_per_byte,
                                                   " pixels a byte are not unpacked"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Image> DecodeCheckedPng(std::string_view bytes, const PictureLimits& limits) {
  constexpr size_t kWidthAt = 16, kHeightAt = 20, kHeaderEnd = 24;
  if (bytes.size() < kHeaderEnd) return absl::InvalidArgumentError("a PNG that ends in its header");
  const absl::Status fits = CheckSize(BigEndian(bytes.substr(kWidthAt, 4)),
                                      BigEndian(bytes.substr(kHeightAt, 4)), bytes.size(), limits);
  if (!fits.ok()) return fits;
  absl::StatusOr<DecodedPng> decoded = DecodePng(bytes);
  if (!decoded.ok()) return decoded.status();
  return std::move(decoded->image);
}

absl::StatusOr<Image> DecodeCheckedJpeg(std::string_view bytes, const PictureLimits& limits) {
  const absl::StatusOr<JpegHeader> header = ReadJpegHeader(bytes);
  if (!header.ok()) return header.status();
  const absl::Status fits = CheckSize(header->width, header->height, bytes.size(), limits);
  if (!fits.ok()) return fits;
  return DecodeJpeg(bytes);
}

absl::StatusOr<Image> DecodeCheckedWebp(std::string_view bytes, const PictureLimits& limits) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK)
    return absl::InvalidArgumentError("not a usable WebP: its header is damaged or cut off");
  if (features.has_animation != 0)
    return absl::InvalidArgumentError("an animated WebP: give a still picture");
  const absl::Status fits = CheckSize(features.width, features.height, bytes.size(), limits);
  if (!fits.ok()) return fits;
  Image image{features.width, features.height, {}};
  image.rgb.resize(size_t{3} * image.width * image.height);
  if (WebPDecodeRGBInto(data, bytes.size(), image.rgb.data(), image.rgb.size(), 3 * image.width) ==
      nullptr) {
    return absl::InvalidArgumentError("not a usable WebP: it is damaged or cut off");
  }
  return image;
}

}  // namespace

absl::StatusOr<Image> DecodePicture(std::string_view bytes, const PictureLimits& limits) {
  const absl::string_view start(bytes.data(), bytes.size());
  if (absl::StartsWith(start, "\x89PNG\r\n\x1a\n")) return DecodeCheckedPng(bytes, limits);
  if (absl::StartsWith(start, "\xff\xd8\xff")) return DecodeCheckedJpeg(bytes, limits);
  if (absl::StartsWith(start, "RIFF") && start.substr(0, 12).substr(8) == "WEBP")
    return DecodeCheckedWebp(bytes, limits);
  return absl::InvalidArgumentError("not a PNG, JPEG or WebP file");
}

}  // namespace hanga
