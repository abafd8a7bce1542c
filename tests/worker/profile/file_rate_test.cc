// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/file_rate.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace hanga {
namespace {

TensorSource Weights(size_t count, size_t bytes_each) {
  TensorSource::Tensors tensors;
  for (size_t i = 0; i < count; ++i) {
    auto bytes = std::make_shared<std::vector<std::byte>>(bytes_each);
    StoredTensor& tensor = tensors["weight." + std::to_string(i)];
    tensor.pieces = {{absl::MakeConstSpan(*bytes), bytes}};
  }
  return TensorSource(std::move(tensors));
}

TEST(FileRateTest, IsThatOfReadingASample) {
  const double rate = MeasureFileRate(Weights(5, size_t{20} << 20));
  EXPECT_GT(rate, 1e7);
  EXPECT_LT(rate, 1e12);
}

TEST(FileRateTest, IsNotToldOfWeightsThatAreTooSmall) {
  EXPECT_EQ(MeasureFileRate(Weights(1, size_t{8} << 20)), 0);
  EXPECT_EQ(MeasureFileRate(Weights(300, size_t{1} << 18)), 0) << "many, each of a few pages";
  EXPECT_EQ(MeasureFileRate({}), 0);
}

}  // namespace
}  // namespace hanga
