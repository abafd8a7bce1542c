// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/pictures.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/media/decode_picture.h"

namespace hanga {
namespace {

absl::StatusOr<std::shared_ptr<const Image>> Unpack(const std::string& field,
                                                    const v1::BlobRef& blob,
                                                    const InputSet& inputs) {
  const auto input = inputs.find(blob.sha256());
  if (input == inputs.end())
    return absl::InternalError(absl::StrCat(field, ": its bytes are gone"));
  absl::StatusOr<Image> image = DecodePicture(*input->second);
  if (!image.ok()) {
    return absl::Status(image.status().code(), absl::StrCat(field, ": ", image.status().message()));
  }
  return std::make_shared<const Image>(*std::move(image));
}

}  // namespace

bool HasPictures(const v1::GenerationSpec& spec) { return spec.has_init_image(); }

absl::Status UnpackPictures(const v1::GenerationSpec& spec, const InputSet& inputs,
                            GenerationRequest* request) {
  if (spec.has_init_image()) {
    auto image = Unpack("init_image", spec.init_image(), inputs);
    if (!image.ok()) return image.status();
    request->init_image = *std::move(image);
    if (request->width == 0 && request->height == 0) {
      request->width = request->init_image->width;
      request->height = request->init_image->height;
    }
  }
  if (spec.has_mask()) {
    auto mask = Unpack("mask", spec.mask(), inputs);
    if (!mask.ok()) return mask.status();
    request->mask = *std::move(mask);
  }
  return absl::OkStatus();
}

}  // namespace hanga
