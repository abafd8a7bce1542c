// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/check/compare.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace hanga {

double RelativeL2(const at::Tensor& ours, const at::Tensor& reference) {
  if (!ours.defined() || ours.sizes() != reference.sizes()) {
    return std::numeric_limits<double>::infinity();
  }
  const at::Tensor a = ours.to(at::kCPU, at::kDouble), b = reference.to(at::kDouble);
  return (a - b).norm().item<double>() / std::max(b.norm().item<double>(), 1e-30);
}

void Compare(const std::string& name, const at::Tensor& ours, const at::Tensor& reference,
             double tolerance, RunResult* result) {
  if (!reference.defined()) return;
  result->quantities.push_back({name, RelativeL2(ours, reference), tolerance, ""});
}

}  // namespace hanga
