// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A table of learned vectors.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/embedding.h>

#include "worker/layers/module.h"

namespace hanga {

struct Embedding {
  Embedding(const Scope& w, int64_t rows, int64_t dim) {
    w.Declare("weight", {rows, dim}, &weight);
  }
  Embedding(const Embedding&) = delete;

  // ids [...] int64 -> [..., dim]. An id outside the table throws.
  at::Tensor operator()(const at::Tensor& ids) const { return at::embedding(weight, ids); }

  at::Tensor weight;
};

}  // namespace hanga
