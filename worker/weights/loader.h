// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Fills the slots that a model's blocks declare from a checkpoint.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/layers/block_list.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

// What blocks declare. A key that several slots share counts once.
struct WeightTotals {
  uint64_t tensors = 0;
  uint64_t parameters = 0;

  uint64_t bytes(at::ScalarType type) const { return parameters * c10::elementSize(type); }
};
WeightTotals CountWeights(absl::Span<BlockWeights* const> blocks);

// Compares declaration and checkpoint without reading weights. INVALID_ARGUMENT lists the first few
// missing keys, unexpected keys, wrong shapes and types that are no weights, each with a count.
// `source` has Hanga's keys (key_map.h); to load one component of a file, map it first.
absl::Status CheckBlocks(absl::Span<BlockWeights* const> blocks, const TensorSource& source);

// Checks, then gives every slot its tensor on `device` in `type`, a floating-point type. Tensors
// may share the file's mapping where device, type and alignment allow: treat them as read-only.
// Slots are only set once all have been read. RESOURCE_EXHAUSTED: out of memory.
absl::Status LoadBlocks(absl::Span<BlockWeights* const> blocks, const TensorSource& source,
                        at::Device device, at::ScalarType type);

// The element type of weights that are stored so; unset for types that are no weights.
std::optional<at::ScalarType> WeightType(DataType type);

// One weight as it is stored, on the CPU; may share the file's mapping: treat it as read-only.
absl::StatusOr<at::Tensor> ReadTensor(const std::string& key, const StoredTensor& stored);

// Turns loaded weights that may be kept in 8 bits into such. Throws as ATen does.
void QuantizeBlocks(absl::Span<BlockWeights* const> blocks);

// Makes every slot's tensor undefined.
void UnloadBlocks(absl::Span<BlockWeights* const> blocks);

}  // namespace hanga
