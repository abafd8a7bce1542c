// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How far a tensor is from its reference.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "worker/check/report.h"

namespace hanga {

// ||a - b|| / ||b||, in float64; infinite where the shapes differ.
double RelativeL2(const at::Tensor& ours, const at::Tensor& reference);

// Adds the quantity, if there is a reference.
void Compare(const std::string& name, const at::Tensor& ours, const at::Tensor& reference,
             double tolerance, RunResult* result);

}  // namespace hanga
