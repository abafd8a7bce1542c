// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/png.h"

#include <gtest/gtest.h>

#include "worker/media/metadata.h"
#include "worker/media/preview.h"

namespace hanga {
namespace {

Image Gradient(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.rgb.push_back(static_cast<uint8_t>(x * 7));
      image.rgb.push_back(static_cast<uint8_t>(y * 5));
      image.rgb.push_back(static_cast<uint8_t>(x ^ y));
    }
  }
  return image;
}

Image Noise(int side) {
  Image image{side, side, {}};
  uint32_t state = 1;
  for (int i = 0; i < 3 * side * side; ++i) {
    state = state * 1664525 + 1013904223;
    image.rgb.push_back(static_cast<uint8_t>(state >> 24));
  }
  return image;
}

TEST(PngTest, GivesBackThePixels) {
  const Image image = Gradient(37, 21);
  const auto bytes = EncodePng(image);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto decoded = DecodePng(*bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->image.width, 37);
  EXPECT_EQ(decoded->image.height, 21);
  EXPECT_EQ(decoded->image.rgb, image.rgb);
}

// Strips of 256 KiB are compressed apart: one row or several a strip, a last one that is short.
TEST(PngTest, GivesBackPicturesOfManyStrips) {
  for (const Image& image : {Noise(700), Gradient(1024, 1000), Gradient(1, 9000),
                             Gradient(16384, 40), Gradient(16384, 1)}) {
    const auto bytes = EncodePng(image);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const auto decoded = DecodePng(*bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->image.width, image.width);
    EXPECT_EQ(decoded->image.rgb, image.rgb);
  }
}

TEST(PngTest, KeepsSmoothPicturesSmall) {
  Image image{512, 512, std::vector<uint8_t>(size_t{3} * 512 * 512, 90)};
  for (int y = 0; y < 512; ++y) image.rgb[size_t{3} * 512 * y] = static_cast<uint8_t>(y);
  EXPECT_LT(EncodePng(image)->size(), image.rgb.size() / 50);
}

TEST(PngTest, GivesBackTextInLatin1AndBeyond) {
  const TextEntryList text = {{"prompt", "a cat"}, {"latin", "crème brûlée"}, {"beyond", "版画 🎨"}};
  const auto bytes = EncodePng(Gradient(8, 8), text);
  ASSERT_TRUE(bytes.ok());
  EXPECT_NE(bytes->find("iTXtbeyond"), std::string::npos);
  EXPECT_NE(bytes->find("tEXtlatin"), std::string::npos);
  EXPECT_EQ(DecodePng(*bytes)->text, text);
}

TEST(PngTest, SameInputGivesTheSameBytes) {
  const TextEntryList text = {{"prompt", "a cat"}};
  EXPECT_EQ(*EncodePng(Gradient(64, 64), text), *EncodePng(Gradient(64, 64), text));
}

TEST(PngTest, RefusesASizeThatIsNotThePixels) {
  Image image = Gradient(8, 8);
  image.height = 9;
  EXPECT_EQ(EncodePng(image).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EncodePng(Image{}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PngTest, RefusesWhatIsNotAPngOrIsCutShort) {
  EXPECT_EQ(DecodePng("hello").status().code(), absl::StatusCode::kInvalidArgument);
  const std::string bytes = *EncodePng(Gradient(32, 32));
  for (size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_FALSE(DecodePng(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
}

TEST(PreviewTest, StaysWithinItsLimitForNoise) {
  const auto bytes = EncodePreview(Noise(700));
  ASSERT_TRUE(bytes.ok());
  EXPECT_LE(bytes->size(), kMaxPreviewBytes);
  EXPECT_GT(DecodePng(*bytes)->image.width, 100);
}

TEST(PreviewTest, LeavesASmallPictureAsItIs) {
  EXPECT_EQ(DecodePng(*EncodePreview(Gradient(24, 16)))->image.rgb, Gradient(24, 16).rgb);
}

TEST(MetadataTest, WritesParametersAsOtherProgramsReadThem) {
  PictureMetadata metadata{.prompt = "a cat",
                           .negative_prompt = "a dog",
                           .seed = 7,
                           .steps = 20,
                           .guidance_scale = 3.5,
                           .sampler = "flow_match_euler",
                           .scheduler = "",
                           .shift = std::nullopt,
                           .width = 256,
                           .height = 192,
                           .model = "demo",
                           .model_sha256 = "0123456789abcdef",
                           .version = "0.1.0"};
  EXPECT_EQ(ParametersText(metadata),
            "a cat\nNegative prompt: a dog\nSteps: 20, Sampler: flow_match_euler, CFG scale: 1, "
            "Distilled CFG Scale: 3.5, Seed: 7, Size: 256x192, Model hash: 0123456789, "
            "Model: demo, Version: hanga 0.1.0");
  metadata.loras = {"style:0.8", "0123456789ab:1"};
  EXPECT_NE(ParametersText(metadata).find("Model: demo, LoRA: style:0.8; 0123456789ab:1, Version"),
            std::string::npos);
  const auto entries = TextEntries(metadata);
  EXPECT_EQ(entries.front().first, "parameters");
  EXPECT_EQ(entries.back(), std::make_pair(std::string("hanga_version"), std::string("0.1.0")));
}

}  // namespace
}  // namespace hanga
