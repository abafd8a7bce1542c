// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/copy_rows.h"

#include <ATen/ATen.h>

#include "worker/kernels/copy_rows_cuda.h"
#include "worker/kernels/cuda_context.h"

namespace hanga::kernels {
namespace {

constexpr int64_t kUnit = 16;  // bytes

bool Takes(const at::Tensor& t) {
  const int64_t bytes = t.element_size();
  return t.dim() == 3 && t.stride(2) == 1 && t.size(0) <= 65535 &&
         reinterpret_cast<uintptr_t>(t.const_data_ptr()) % kUnit == 0 &&
         t.stride(0) * bytes % kUnit == 0 && t.stride(1) * bytes % kUnit == 0 &&
         t.size(2) * bytes % kUnit == 0;
}

}  // namespace

void CopyRows(const at::Tensor& from, const at::Tensor& to) {
  if (!from.is_cuda() || !to.is_cuda() || from.sizes() != to.sizes() ||
      from.scalar_type() != to.scalar_type() || !Takes(from) || !Takes(to)) {
    to.copy_(from);
    return;
  }
  const auto units = [&](int64_t elements) {
    return elements * static_cast<int64_t>(from.element_size()) / kUnit;
  };
  CopyRowsCuda({.batch = from.size(0),
                .rows = from.size(1),
                .width = units(from.size(2)),
                .from = from.const_data_ptr(),
                .from_batch_stride = units(from.stride(0)),
                .from_row_stride = units(from.stride(1)),
                .to = to.mutable_data_ptr(),
                .to_batch_stride = units(to.stride(0)),
                .to_row_stride = units(to.stride(1))},
               CurrentCudaStream());
}

at::Tensor JoinChannels(const at::Tensor& a, const at::Tensor& b) {
  constexpr auto kLast = at::MemoryFormat::ChannelsLast;
  if (!a.is_cuda() || !a.is_contiguous(kLast) || !b.is_contiguous(kLast)) {
    return at::cat({a, b}, 1);
  }
  auto joined = at::empty({a.size(0), a.size(1) + b.size(1), a.size(2), a.size(3)},
                          a.options().memory_format(kLast));
  const auto rows = [](const at::Tensor& picture) {
    return picture.permute({0, 2, 3, 1}).flatten(1, 2);
  };
  CopyRows(rows(a), rows(joined.narrow(1, 0, a.size(1))));
  CopyRows(rows(b), rows(joined.narrow(1, a.size(1), b.size(1))));
  return joined;
}

}  // namespace hanga::kernels
