// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/timestep_embedding.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hanga {

at::Tensor WaveEmbedding(const at::Tensor& values, int64_t dim) {
  const int64_t half = dim / 2;
  const auto exponents = at::arange(half, values.options().dtype(at::kFloat)) *
                         (-std::log(10000.0) / static_cast<double>(half));
  const auto angles = values.to(at::kFloat).unsqueeze(-1) * at::exp(exponents);
  return at::cat({angles.cos(), angles.sin()}, -1);
}

}  // namespace hanga
