// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latents.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "worker/pipelines/latent_preview.h"

namespace hanga {
namespace {

TEST(LatentsTest, PacksChannelsFirstThenRowsAndColumnsOfAPatch) {
  const at::Tensor grid = at::arange(2 * 4 * 6).view({1, 2, 4, 6}).to(at::kFloat);
  const at::Tensor tokens = PackLatents(grid);
  ASSERT_EQ(tokens.sizes(), (std::vector<int64_t>{1, 6, 8}));
  const at::Tensor patch = grid.slice(2, 2, 4).slice(3, 2, 4);  // row 1, column 1
  EXPECT_TRUE(tokens[0][4].equal(patch.flatten()));
  EXPECT_TRUE(UnpackLatents(tokens, 2, 3).equal(grid));
}

TEST(LatentsTest, PutsTokensAtTheirRowAndColumn) {
  const at::Tensor positions = ImagePositions(2, 3, at::kCPU);
  EXPECT_TRUE(positions[5].equal(at::tensor({0.0f, 1.0f, 2.0f})));
  EXPECT_TRUE(positions[3].equal(at::tensor({0.0f, 1.0f, 0.0f})));
}

TEST(LatentsTest, ClampsAndRoundsHalvesToEven) {
  const auto byte = [](float pixel) {
    return ToBytes(at::full({3, 1, 1}, pixel))[0][0][0].item<int>();
  };
  EXPECT_EQ(byte(-7), 0);
  EXPECT_EQ(byte(7), 255);
  EXPECT_EQ(byte(0), 128);  // 127.5
  EXPECT_EQ(byte(2 * (100.4f / 255) - 1), 100);
}

TEST(LatentsTest, GivesEveryByteBack) {
  const at::Tensor bytes = at::arange(256).to(at::kByte).view({16, 16, 1}).expand({16, 16, 3});
  EXPECT_TRUE(ToBytes(FromBytes(bytes)[0]).equal(bytes));
}

TEST(LatentPreviewTest, RecoversALinearAutoencoder) {
  at::Tensor mixing = at::eye(3) + 0.3 * at::ones({3, 3});
  const EncodeImage encode = [&](const at::Tensor& image) -> absl::StatusOr<at::Tensor> {
    return at::einsum("ck,bkhw->bchw", {mixing, at::avg_pool2d(image, 4)}) + 0.25;
  };
  const auto preview = LatentPreview::Fit(4, encode);
  ASSERT_TRUE(preview.ok());
  const at::Tensor image = at::linspace(-0.9, 0.9, 3).view({1, 3, 1, 1}).expand({1, 3, 8, 8});
  const at::Tensor seen = preview->Project((*encode(image))[0]).to(at::kFloat);
  const at::Tensor wanted = ToBytes(at::avg_pool2d(image, 4)[0]).to(at::kFloat);
  EXPECT_LE((seen - wanted).abs().max().item<float>(), 2);
}

}  // namespace
}  // namespace hanga
