// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/pixels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hanga {
namespace {

TEST(PixelsTest, ClampsAndRoundsHalvesToEven) {
  const auto byte = [](float pixel) {
    return ToBytes(at::full({3, 1, 1}, pixel))[0][0][0].item<int>();
  };
  EXPECT_EQ(byte(-7), 0);
  EXPECT_EQ(byte(7), 255);
  EXPECT_EQ(byte(0), 128);  // 127.5
  EXPECT_EQ(byte(2 * (100.4f / 255) - 1), 100);
}

TEST(PixelsTest, GivesEveryByteBack) {
  const at::Tensor bytes = at::arange(256).to(at::kByte).view({16, 16, 1}).expand({16, 16, 3});
  EXPECT_TRUE(ToBytes(FromBytes(bytes)[0]).equal(bytes));
}

}  // namespace
}  // namespace hanga
