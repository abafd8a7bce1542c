// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Rows as a matrix product takes them: in the type that is computed in, or in 8 bits.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

namespace hanga::kernels {

enum class RowForm { kPlain, kFp8 };

struct Rows {
  Rows() = default;
  Rows(at::Tensor values, at::Tensor scales = {})  // NOLINT: a tensor is rows as they are
      : values(std::move(values)), scales(std::move(scales)) {}
  bool in_fp8() const { return scales.defined(); }

  at::Tensor values;  // [..., C]; float8_e4m3fn where there are scales
  at::Tensor scales;  // [...] float32, contiguous: a row is its values times its scale
};

}  // namespace hanga::kernels
