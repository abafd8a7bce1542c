// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/jpeg.h"

#include <csetjmp>
#include <cstdio>
// They need <cstdio> before them.
#include <jpeglib.h>
// And this one jpeglib.h.
#include <jerror.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// The library reports errors by a call that must not return.
struct Errors {
  jpeg_error_mgr manager;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
};

void Fail(j_common_ptr jpeg) {
  auto* errors = reinterpret_cast<Errors*>(jpeg->err);
  jpeg->err->format_message(jpeg, errors->message);
  std::longjmp(errors->jump, 1);
}

// A warning is a damaged or shortened file, but for bytes between segments, which cameras leave.
void FailOnWarning(j_common_ptr jpeg, int level) {
  if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA) Fail(jpeg);
}

enum class Goal { kHeader, kPixels };

// Plain data only: a jump passes over destructors. False: `errors` says why.
bool Read(std::string_view bytes, Goal goal, jpeg_decompress_struct* jpeg, Errors* errors,
          Image* image) {
  if (setjmp(errors->jump) != 0) return false;
  jpeg_mem_src(jpeg, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(jpeg, TRUE);
  image->width = static_cast<int>(jpeg->image_width);
  image->height = static_cast<int>(jpeg->image_height);
  if (goal == Goal::kHeader) return true;
  jpeg->out_color_space = JCS_RGB;
  jpeg_start_decompress(jpeg);
  const size_t stride = size_t{3} * image->width;
  image->rgb.resize(stride * image->height);
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = image->rgb.data() + jpeg->output_scanline * stride;
    jpeg_read_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_decompress(jpeg);
  return true;
}

absl::StatusOr<Image> ReadJpeg(std::string_view bytes, Goal goal) {
  Errors errors;
  jpeg_decompress_struct jpeg;
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = Fail;
  errors.manager.emit_message = FailOnWarning;
  Image image;
  jpeg_create_decompress(&jpeg);
  const bool read = Read(bytes, goal, &jpeg, &errors, &image);
  const J_COLOR_SPACE colors = jpeg.jpeg_color_space;
  jpeg_destroy_decompress(&jpeg);
  if (colors == JCS_CMYK || colors == JCS_YCCK)
    return absl::InvalidArgumentError("a JPEG of four colors (CMYK): convert it to RGB");
  if (!read) return absl::InvalidArgumentError(absl::StrCat("not a usable JPEG: ", errors.message));
  return image;
}

}  // namespace

absl::StatusOr<JpegHeader> ReadJpegHeader(std::string_view bytes) {
  const absl::StatusOr<Image> image = ReadJpeg(bytes, Goal::kHeader);
  if (!image.ok()) return image.status();
  return JpegHeader{image->width, image->height};
}

absl::StatusOr<Image> DecodeJpeg(std::string_view bytes) { return ReadJpeg(bytes, Goal::kPixels); }

}  // namespace hanga
