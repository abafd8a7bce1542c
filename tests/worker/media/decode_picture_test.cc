// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/decode_picture.h"

#include <cstdio>
// Needs <cstdio> before it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jpeglib.h>

#include <cstdlib>
#include <string>

#include "worker/media/png.h"
#include "worker/media/webp.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;

Image Gradient(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.rgb.push_back(static_cast<uint8_t>(x * 255 / width));
      image.rgb.push_back(static_cast<uint8_t>(y * 255 / height));
      image.rgb.push_back(40);
    }
  }
  return image;
}

std::string Jpeg(const Image& image, int components) {
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = image.width;
  jpeg.image_height = image.height;
  jpeg.input_components = components;
  jpeg.in_color_space = components == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 95, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  std::vector<uint8_t> row(size_t{4} * image.width, 128);
  for (int y = 0; y < image.height; ++y) {
    if (components == 3)
      std::copy_n(&image.rgb[size_t{3} * image.width * y], 3 * image.width, row.begin());
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&jpeg, &rows, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string file(reinterpret_cast<char*>(bytes), size);
  jpeg_destroy_compress(&jpeg);
  std::free(bytes);
  return file;
}

std::string Refusal(const std::string& bytes, const PictureLimits& limits = {}) {
  const auto image = DecodePicture(bytes, limits);
  EXPECT_EQ(image.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(image.status().message());
}

TEST(DecodePictureTest, ReadsPngJpegAndWebp) {
  const Image image = Gradient(48, 32);
  for (const std::string& file : {*EncodePng(image), Jpeg(image, 3), *EncodeWebp(image, 100, {})}) {
    const auto decoded = DecodePicture(file);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->width, 48);
    EXPECT_EQ(decoded->height, 32);
    ASSERT_EQ(decoded->rgb.size(), image.rgb.size());
    for (size_t i = 0; i < image.rgb.size(); ++i)
      ASSERT_NEAR(decoded->rgb[i], image.rgb[i], 12) << i;
  }
}

TEST(DecodePictureTest, RefusesFilesThatAreCutOff) {
  const Image image = Gradient(64, 64);
  for (const std::string& file : {*EncodePng(image), Jpeg(image, 3), *EncodeWebp(image, 100, {})}) {
    for (const size_t size : {size_t{14}, file.size() / 2, file.size() - 3})
      EXPECT_THAT(Refusal(file.substr(0, size)), ::testing::Not(HasSubstr("/"))) << size;
  }
}

TEST(DecodePictureTest, LooksAtTheSizeBeforeItUnpacks) {
  std::string png = *EncodePng(Gradient(8, 8));
  png[18] = '\x3f', png[22] = '\x3f';  // 16,136 x 16,136 pixels in a file of a few bytes
  EXPECT_THAT(Refusal(png), HasSubstr("pixels, the limit is 67108864"));
  png[16] = '\x01';
  EXPECT_THAT(Refusal(png), HasSubstr("sides must be 1 to 16384"));
  PictureLimits limits;
  limits.max_pixels_per_byte = 1;
  EXPECT_THAT(Refusal(*EncodePng(Image{64, 64, std::vector<uint8_t>(64 * 64 * 3)}), limits),
              HasSubstr("pixels a byte"));
  limits = {};
  limits.max_pixels = 100;
  EXPECT_THAT(Refusal(Jpeg(Gradient(16, 16), 3), limits), HasSubstr("the limit is 100"));
  EXPECT_THAT(Refusal(*EncodeWebp(Gradient(16, 16), 90, {}), limits), HasSubstr("limit is 100"));
}

TEST(DecodePictureTest, SaysWhatItDoesNotTake) {
  EXPECT_THAT(Refusal("GIF89a"), HasSubstr("not a PNG, JPEG or WebP"));
  EXPECT_THAT(Refusal(""), HasSubstr("not a PNG, JPEG or WebP"));
  EXPECT_THAT(Refusal(Jpeg(Gradient(16, 16), 4)), HasSubstr("CMYK"));
  // An extended header that announces an animation of 16 x 16 pixels.
  const std::string animated("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0", 30);
  EXPECT_THAT(Refusal(animated), HasSubstr("animated"));
}

}  // namespace
}  // namespace hanga
