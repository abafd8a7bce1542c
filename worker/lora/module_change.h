// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What an adapter adds to one weight, in a form that costs little: W' = W + strength * change.
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/status/statusor.h"
#include "worker/lora/adapter_plan.h"

namespace hanga {

// Of rows [first_row, first_row + rows) of a weight [out, in, k, k] or [out, in]; `columns` are
// in * k * k. The adapter's own scale (alpha / rank) is part of the tensors.
struct ModuleChange {
  enum class Form {
    kNone,       // the bias alone
    kLowRank,    // b [rows, R] · a [R, columns]
    kDense,      // a [rows, columns]
    kKronecker,  // a [o1, i1] ⊗ b [o2, i2 * k * k]
  };
  Form form = Form::kNone;
  at::Tensor a, b;
  at::Tensor bias;  // [rows] added beside; undefined: nothing
  // DoRA (arXiv:2402.09353): the changed weight's rows are brought to learned lengths. [rows]:
  // W' = W + strength * (gain * (W + change) - W). Undefined: they are not.
  at::Tensor gain;
  int64_t first_row = 0, rows = 0;

  uint64_t bytes() const;
  ModuleChange To(at::Device device, at::ScalarType type) const;
};

// The change in full, [rows, columns], before any gain. Throws as ATen does.
at::Tensor DenseOf(const ModuleChange& change);

// In float32 on the CPU. `base`: the weight that is changed, as it is stored, for DoRA; undefined
// where there is none. INVALID_ARGUMENT: tensors of a type that is no weight's. Throws as ATen
// does.
absl::StatusOr<ModuleChange> MakeChange(const PlannedChange& planned, const at::Tensor& base);

// Changes a weight [out, …] of float32, or its bias, in place.
void MergeChange(const ModuleChange& change, double strength, const at::Tensor& weight,
                 const at::Tensor& bias);

}  // namespace hanga
