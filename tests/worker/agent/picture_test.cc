// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/picture.h"

#include <gtest/gtest.h>

#include "worker/media/png.h"
#include "worker/media/webp.h"

namespace hanga {
namespace {

Image Square() { return Image{16, 16, std::vector<uint8_t>(16 * 16 * 3, 77)}; }

v1::GenerationSpec Spec() {
  v1::GenerationSpec spec;
  spec.set_model("models/demo");
  spec.set_prompt("a cat");
  spec.set_seed(7);
  spec.set_steps(4);
  spec.set_width(16);
  spec.set_height(16);
  return spec;
}

TEST(PictureTest, IsAPngWithItsParametersUnlessAskedOtherwise) {
  const auto picture = EncodePicture(Square(), Spec(), "abcdef0123456789");
  ASSERT_TRUE(picture.ok());
  EXPECT_EQ(picture->content_type, "image/png");
  EXPECT_EQ(picture->sha256.size(), 64u);
  const auto decoded = DecodePng(picture->bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->image.rgb, Square().rgb);
  EXPECT_EQ(decoded->text.front().first, "parameters");
  EXPECT_NE(decoded->text.front().second.find("Model hash: abcdef0123, Model: demo"),
            std::string::npos);
}

TEST(PictureTest, IsALosslessWebpAtQuality100) {
  v1::GenerationSpec spec = Spec();
  spec.set_output_format(v1::OUTPUT_FORMAT_WEBP);
  spec.set_quality(100);
  const auto picture = EncodePicture(Square(), spec, "");
  ASSERT_TRUE(picture.ok());
  EXPECT_EQ(picture->content_type, "image/webp");
  const auto decoded = DecodeWebp(picture->bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->image.rgb, Square().rgb);
  EXPECT_NE(decoded->parameters.find("Seed: 7"), std::string::npos);
}

TEST(PictureTest, SameInputGivesTheSameHash) {
  EXPECT_EQ(EncodePicture(Square(), Spec(), "a")->sha256,
            EncodePicture(Square(), Spec(), "a")->sha256);
}

}  // namespace
}  // namespace hanga
