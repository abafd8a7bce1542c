// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The tensors of LayerNormModulate and GatedResidual on the device, checked and launched in one
// place.
#pragma once

#include <ATen/core/Tensor.h>

#include "worker/kernels/rows.h"

namespace hanga::kernels {

struct RowModulation {
  at::Tensor x;             // [B, L, C]
  at::Tensor gate, y;       // [B, 1, C], [B, L, C]; undefined: no residual
  at::Tensor shift, scale;  // [B, 1, C]
  at::Tensor residual;      // [B, L, C] out; undefined: not wanted
  Rows normalized;          // [B, L, C] out; undefined: not wanted
};

// False, and nothing done, where the kernel does not take the tensors: on a CPU, of mixed types, or
// with rows or modulations apart.
bool RunRowModulation(const RowModulation& tensors);

// Rows to be written, as large as `like`.
Rows EmptyRows(const at::Tensor& like, RowForm form);

constexpr double kLayerNormEpsilon = 1e-6;

}  // namespace hanga::kernels
