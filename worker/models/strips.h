// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Layers of an autoencoder on pictures too large to be worked on whole: strip after strip of rows,
// to the same result. Norms take the statistics of the whole picture, and a strip is given the rows
// around it that its convolution sees, so that nothing shows where strips meet.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "worker/layers/norm.h"

namespace hanga {

// Values of a picture up to which it is worked on whole: [1, 256, 2048, 2048].
inline constexpr int64_t kWholeElements = int64_t{1} << 30;

struct Strips {
  int64_t most_elements = kWholeElements;

  bool AreNeededFor(const at::Tensor& x) const { return x.numel() > most_elements; }
  // Rows of a strip of x: an eighth of what may be worked on whole.
  int64_t RowsOf(const at::Tensor& x) const;
};

// out[rows of a strip] = work(first, count) for every strip of `rows` rows; all are as wide and
// deep as the first is. [B, C, height, W], channels last.
at::Tensor ByStrips(int64_t height, int64_t rows,
                    const std::function<at::Tensor(int64_t first, int64_t count)>& work);

// Rows [first, first + count) of convolve(prepare(x)), where the convolution has a kernel of three
// rows and `prepare` makes `scale` rows of each of x, and knows rows alone. first, count: of x.
at::Tensor ConvolvedRows(const at::Tensor& x, int64_t first, int64_t count, int64_t scale,
                         const std::function<at::Tensor(const at::Tensor&)>& prepare,
                         const std::function<at::Tensor(const at::Tensor&)>& convolve);

// silu(norm(·)) with the statistics of `x`, for any of its rows.
std::function<at::Tensor(const at::Tensor&)> NormThenSiluOf(const GroupNorm& norm,
                                                            const at::Tensor& x, int64_t rows);

}  // namespace hanga
