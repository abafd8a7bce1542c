// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A tensor's type and shape as the head of its frame.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hanga {

struct TensorHead {
  at::ScalarType type = at::ScalarType::Undefined;
  std::vector<int64_t> shape;

  uint64_t bytes() const;
  std::string ToString() const;  // "bfloat16 [1, 4096, 64]"
  bool operator==(const TensorHead&) const = default;
};

TensorHead HeadOf(const at::Tensor& tensor);

void AppendHead(const TensorHead& head, std::string* bytes);
// Takes one from the front. INTERNAL: these bytes hold none, or one of an absurd shape.
absl::StatusOr<TensorHead> TakeHead(std::string_view* bytes);

}  // namespace hanga
