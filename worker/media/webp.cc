// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/webp.h"

#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "worker/media/exif.h"

namespace hanga {
namespace {

struct MuxDeleter {
  void operator()(WebPMux* mux) const { WebPMuxDelete(mux); }
};
using Mux = std::unique_ptr<WebPMux, MuxDeleter>;

WebPData View(std::string_view bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

absl::StatusOr<std::string> AddExif(std::string_view webp, const std::string& exif) {
  WebPData file = View(webp), chunk = View(exif), assembled;
  WebPDataInit(&assembled);
  const absl::Cleanup clear = [&assembled] { WebPDataClear(&assembled); };
  const Mux mux(WebPMuxCreate(&file, /*copy_data=*/0));
  if (mux == nullptr || WebPMuxSetChunk(mux.get(), "EXIF", &chunk, 0) != WEBP_MUX_OK ||
      WebPMuxAssemble(mux.get(), &assembled) != WEBP_MUX_OK) {
    return absl::InternalError("WebP encoding: the EXIF chunk was not taken");
  }
  return std::string(reinterpret_cast<const char*>(assembled.bytes), assembled.size);
}

bool Configure(int quality, WebPConfig* config) {
  if (!WebPConfigInit(config)) return false;
  if (quality == 100) return WebPConfigLosslessPreset(config, 3) != 0;
  config->quality = static_cast<float>(quality);
  return WebPValidateConfig(config) != 0;
}

}  // namespace

absl::StatusOr<std::string> EncodeWebp(const Image& image, int quality,
                                       std::string_view parameters) {
  if (image.width < 1 || image.height < 1 || image.width > WEBP_MAX_DIMENSION ||
      image.height > WEBP_MAX_DIMENSION ||
      image.rgb.size() != size_t{3} * image.width * image.height) {
    return absl::InvalidArgumentError(absl::StrCat(
        "picture of ", image.width, "x", image.height, " pixels and ", image.rgb.size(),
        " bytes: sides of a WebP must be 1 to ", WEBP_MAX_DIMENSION, ", with 3 bytes a pixel"));
  }
  WebPConfig config;
  WebPPicture picture;
  if (quality < 1 || quality > 100 || !Configure(quality, &config) || !WebPPictureInit(&picture)) {
    return absl::InvalidArgumentError(
        absl::StrCat("quality: ", quality, " is not within 1 to 100"));
  }
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  const absl::Cleanup clear = [&] {
    WebPPictureFree(&picture);
    WebPMemoryWriterClear(&writer);
  };
  picture.use_argb = config.lossless;
  picture.width = image.width;
  picture.height = image.height;
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  if (!WebPPictureImportRGB(&picture, image.rgb.data(), 3 * image.width) ||
      !WebPEncode(&config, &picture)) {
    return absl::InternalError(absl::StrCat("WebP encoding: libwebp's error ", picture.error_code));
  }
  const std::string_view encoded(reinterpret_cast<const char*>(writer.mem), writer.size);
  if (parameters.empty()) return std::string(encoded);
  return AddExif(encoded, MakeExifComment(parameters));
}

absl::StatusOr<DecodedWebp> DecodeWebp(std::string_view bytes) {
  DecodedWebp decoded;
  const WebPData file = View(bytes);
  if (!WebPGetInfo(file.bytes, file.size, &decoded.image.width, &decoded.image.height)) {
    return absl::InvalidArgumentError("not a WebP");
  }
  const int stride = 3 * decoded.image.width;
  decoded.image.rgb.resize(size_t(stride) * decoded.image.height);
  if (WebPDecodeRGBInto(file.bytes, file.size, decoded.image.rgb.data(), decoded.image.rgb.size(),
                        stride) == nullptr) {
    return absl::InvalidArgumentError("a damaged WebP");
  }
  const Mux mux(WebPMuxCreate(&file, /*copy_data=*/0));
  WebPData exif;
  if (mux != nullptr && WebPMuxGetChunk(mux.get(), "EXIF", &exif) == WEBP_MUX_OK) {
    decoded.parameters =
        ReadExifComment({reinterpret_cast<const char*>(exif.bytes), exif.size}).value_or("");
  }
  return decoded;
}

}  // namespace hanga
