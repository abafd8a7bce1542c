// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Where a model's weights come from before they are in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "absl/status/status.h"
#include "worker/layers/module.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // Writes a weight's values to `to`, whatever its device, type and strides.
  virtual absl::Status Read(const Slot& slot, const at::Tensor& to) const = 0;

  // The weight as it lies in its file, when those bytes, in order, are row-major values of `type`.
  // They stay readable for as long as a copy of a piece lives.
  virtual std::optional<std::vector<TensorPiece>> StoredBytes(const Slot& slot,
                                                              at::ScalarType type) const {
    (void)slot, (void)type;
    return std::nullopt;
  }
};

// A checkpoint under Hanga's keys, checked against the declaration before (CheckBlocks).
class CheckpointWeights final : public WeightSource {
 public:
  explicit CheckpointWeights(TensorSource source) : source_(std::move(source)) {}

  absl::Status Read(const Slot& slot, const at::Tensor& to) const override;
  std::optional<std::vector<TensorPiece>> StoredBytes(const Slot& slot,
                                                      at::ScalarType type) const override;

 private:
  TensorSource source_;
};

}  // namespace hanga
