// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Numbers as waves (arXiv:1706.03762), as diffusion models are told of time and sizes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hanga {

// values [...] float32 -> [..., dim] float32: cosines of dim / 2 frequencies from 1 to 1/10000,
// then sines.
at::Tensor WaveEmbedding(const at::Tensor& values, int64_t dim);

}  // namespace hanga
