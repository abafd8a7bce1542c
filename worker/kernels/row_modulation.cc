// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/row_modulation.h"

#include <ATen/ATen.h>

#include "worker/kernels/cuda_context.h"
#include "worker/kernels/layer_norm_modulate_cuda.h"

namespace hanga::kernels {
namespace {

bool Takes(const at::Tensor& x, const at::Tensor& row) {
  return !row.defined() || (row.is_contiguous() && row.scalar_type() == x.scalar_type());
}

// All modulations lie `stride` elements apart from batch element to batch element.
bool TakesModulation(const at::Tensor& x, const at::Tensor& modulation, int64_t stride) {
  return !modulation.defined() ||
         (modulation.scalar_type() == x.scalar_type() && modulation.stride(-1) == 1 &&
          (x.size(0) == 1 || (modulation.size(0) == x.size(0) && modulation.stride(0) == stride)));
}

const void* Data(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr() : nullptr;
}

void* MutableData(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.mutable_data_ptr() : nullptr;
}

}  // namespace

bool RunRowModulation(const RowModulation& t) {
  if (!t.x.is_cuda() || t.x.dim() != 3 || !HasElementType(t.x) || !Takes(t.x, t.x)) return false;
  const at::Tensor& any = t.gate.defined() ? t.gate : t.shift;
  if (!any.defined()) return false;
  const int64_t stride = t.x.size(0) == 1 ? t.x.size(2) : any.stride(0);
  for (const auto* m : {&t.gate, &t.shift, &t.scale}) {
    if (!TakesModulation(t.x, *m, stride)) return false;
  }
  if (!Takes(t.x, t.y) || !Takes(t.x, t.residual)) return false;
  if (!t.normalized.in_fp8() && !Takes(t.x, t.normalized.values)) return false;
  LayerNormModulateCuda({.type = ElementTypeOf(t.x),
                         .batch = t.x.size(0),
                         .rows = t.x.size(1),
                         .channels = t.x.size(2),
                         .x = Data(t.x),
                         .gate = Data(t.gate),
                         .y = Data(t.y),
                         .shift = Data(t.shift),
                         .scale = Data(t.scale),
                         .modulation_stride = stride,
                         .epsilon = kLayerNormEpsilon,
                         .residual = MutableData(t.residual),
                         .normalized = MutableData(t.normalized.values),
                         .scales = static_cast<float*>(MutableData(t.normalized.scales))},
                        CurrentCudaStream());
  return true;
}

Rows EmptyRows(const at::Tensor& like, RowForm form) {
  if (form == RowForm::kPlain) return at::empty_like(like);
  return {at::empty_like(like, at::kFloat8_e4m3fn),
          at::empty(like.sizes().slice(0, like.dim() - 1), like.options().dtype(at::kFloat))};
}

}  // namespace hanga::kernels
