// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Changes of a stored tensor's arrangement. But for Transpose they touch its shape and pieces and
// no byte.
#pragma once

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

// INVALID_ARGUMENT in all: what is asked does not fit the tensor's shape.

// Part `index` of `count` equal parts of the first dimension.
absl::StatusOr<StoredTensor> CutRows(const StoredTensor& tensor, int64_t index, int64_t count);

// One after the other along the first dimension. All need the same type and the same other
// dimensions. Not empty.
absl::StatusOr<StoredTensor> ConcatenateRows(absl::Span<const StoredTensor> parts);

// The halves of the first dimension change places.
absl::StatusOr<StoredTensor> SwapHalves(const StoredTensor& tensor);

// Rows become columns of a tensor of two dimensions. Copies it.
absl::StatusOr<StoredTensor> Transpose(const StoredTensor& tensor);

// Trailing dimensions of size 1 go, down to two dimensions.
StoredTensor DropUnitDims(StoredTensor tensor);

}  // namespace hanga
