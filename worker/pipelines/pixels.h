// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Between pixels as networks have them and the bytes of a picture.
#pragma once

#include <ATen/core/Tensor.h>

#include "worker/pipelines/pipeline.h"

namespace hanga {

// Pixels of -1 to 1, [3, H, W] of any type and device -> [H, W, 3] bytes on the CPU: clamped, then
// rounded to the nearest, halves to even.
at::Tensor ToBytes(const at::Tensor& pixels);
// [H, W, 3] bytes -> [1, 3, H, W] pixels of -1 to 1, float32 on the CPU.
at::Tensor FromBytes(const at::Tensor& bytes);
// [H, W, 3] contiguous bytes on the CPU, as a picture.
Image ToImage(const at::Tensor& bytes);

}  // namespace hanga
