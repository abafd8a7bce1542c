// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/picture.h"

#include <openssl/sha.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "worker/agent/spec.h"
#include "worker/media/metadata.h"
#include "worker/media/png.h"
#include "worker/media/webp.h"

namespace hanga {
namespace {

constexpr int kDefaultQuality = 90;

std::string Sha256(const std::string& bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return absl::BytesToHexString(digest);
}

}  // namespace

absl::StatusOr<Picture> EncodePicture(const Image& image, const v1::GenerationSpec& spec,
                                      const std::string& model_sha256) {
  const PictureMetadata metadata = MetadataOf(spec, model_sha256);
  const bool webp = spec.output_format() == v1::OUTPUT_FORMAT_WEBP;
  const int quality = spec.has_quality() ? static_cast<int>(spec.quality()) : kDefaultQuality;
  auto bytes = webp ? EncodeWebp(image, quality, ParametersText(metadata))
                    : EncodePng(image, TextEntries(metadata));
  if (!bytes.ok()) return bytes.status();
  Picture picture;
  picture.sha256 = Sha256(*bytes);
  picture.content_type = webp ? "image/webp" : "image/png";
  picture.bytes = *std::move(bytes);
  return picture;
}

}  // namespace hanga
