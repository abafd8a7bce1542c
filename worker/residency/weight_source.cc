// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/weight_source.h"

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"
#include "worker/weights/loader.h"

namespace hanga {

absl::Status CheckpointWeights::Read(const Slot& slot, const at::Tensor& to) const {
  const StoredTensor* stored = source_.Find(slot.key);
  if (stored == nullptr) return absl::NotFoundError(absl::StrCat("missing key '", slot.key, "'"));
  const auto tensor = ReadTensor(slot.key, *stored);
  if (!tensor.ok()) return tensor.status();
  to.copy_(*tensor);
  return absl::OkStatus();
}

std::optional<std::vector<TensorPiece>> CheckpointWeights::StoredBytes(const Slot& slot,
                                                                       at::ScalarType type) const {
  const StoredTensor* stored = source_.Find(slot.key);
  if (stored == nullptr || WeightType(stored->type) != type) return std::nullopt;
  return stored->pieces;
}

}  // namespace hanga
