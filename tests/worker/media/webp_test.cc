// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/webp.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "worker/media/exif.h"

namespace hanga {
namespace {

Image Gradient(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.rgb.push_back(static_cast<uint8_t>(x * 2));
      image.rgb.push_back(static_cast<uint8_t>(y * 3));
      image.rgb.push_back(static_cast<uint8_t>(x + y));
    }
  }
  return image;
}

TEST(WebpTest, IsLosslessAtQuality100) {
  const Image image = Gradient(61, 33);
  const auto bytes = EncodeWebp(image, 100, "a cat\nSteps: 4");
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto decoded = DecodeWebp(*bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->image.rgb, image.rgb);
  EXPECT_EQ(decoded->parameters, "a cat\nSteps: 4");
}

TEST(WebpTest, KeepsThePictureCloseAtQuality90) {
  const Image image = Gradient(64, 64);
  const auto decoded = DecodeWebp(*EncodeWebp(image, 90));
  ASSERT_TRUE(decoded.ok());
  int64_t difference = 0;
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    difference += std::abs(int{decoded->image.rgb[i]} - int{image.rgb[i]});
  }
  EXPECT_LT(difference / static_cast<double>(image.rgb.size()), 4.0);
}

TEST(WebpTest, RefusesAQualityOutOfRange) {
  EXPECT_EQ(EncodeWebp(Gradient(8, 8), 0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EncodeWebp(Gradient(8, 8), 101).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(EncodeWebp(Image{}, 90).ok());
}

TEST(ExifTest, GivesBackTextOfEveryPlane) {
  const std::string text = "plain, crème, 版画, 🎨";
  EXPECT_EQ(ReadExifComment(MakeExifComment(text)), text);
}

TEST(ExifTest, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(ReadExifComment(MakeExifComment("a\xff"
                                            "b\xc3")),
            "a\uFFFDb\uFFFD");
}

TEST(ExifTest, DoesNotReadOtherBlocks) {
  EXPECT_EQ(ReadExifComment(""), std::nullopt);
  EXPECT_EQ(ReadExifComment(std::string(100, 'x')), std::nullopt);
}

}  // namespace
}  // namespace hanga
