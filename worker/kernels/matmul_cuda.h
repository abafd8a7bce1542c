// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Matrix products by cublasLt, with the algorithm chosen by measurement for every shape.
//
// Of the algorithms that the library proposes, the fastest is taken whose result equals the first
// proposal's bit for bit, so that the choice, which depends on timing, never shows in a picture.
// Choices can be kept in a file; they hold for one device model and one library version.
#pragma once

#include <memory>
#include <string>

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

struct MatmulArguments {
  ElementType type;  // of x, weight, bias and out, but for operands in 8 bits; sums are float32
  int64_t m, n, k;   // out [m, n] = x [m, k] * weight [n, k] transposed + bias [n]
  const void* x;
  int64_t x_stride;    // elements from row to row
  const void* weight;  // rows of k, without gaps
  const void* bias;    // null: none
  void* out;
  int64_t out_stride;
  bool gelu;  // gelu(out), the tanh form
  // x and weight are e4m3 and their rows have scales, [m] and [n]; null: they are of the type.
  const float* x_scales = nullptr;
  const float* weight_scales = nullptr;
  // Added to the result, [m, n] and not `out` itself; null: nothing. Never beside gelu.
  const void* residual = nullptr;
  int64_t residual_stride = 0;
};

// How an algorithm is chosen: product_choice.h.
enum class ProductTuning { kQuick, kSustained };

// One per device, used by the thread that owns the device's compute. Not thread-safe.
class Matmul {
 public:
  Matmul();
  ~Matmul();

  // False if the library has no algorithm for these arguments (odd strides, say): nothing was done.
  // The first call of a shape outside a graph capture measures, which synchronizes.
  bool Run(const MatmulArguments& arguments, CudaStream stream);

  // The choices made so far, one a line, and the way back. Lines of another device model or
  // library version, or damaged ones, are passed over.
  std::string Choices() const;
  void SetChoices(const std::string& lines);

  // kQuick at first. kSustained measures every shape that comes from now on, also those whose
  // choice is known, for a second or two each.
  void set_tuning(ProductTuning tuning);

  // Grows with every choice that is made or set.
  size_t revision() const;

  // Model and library version, without blanks.
  const std::string& device() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hanga::kernels
