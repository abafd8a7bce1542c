// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/tensor_head.h"

#include <c10/core/ScalarType.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/collectives/frame.h"

namespace hanga {
namespace {

constexpr uint8_t kMaxDimensions = 8;

absl::Status Malformed() { return absl::InternalError("sent a tensor that makes no sense"); }

}  // namespace

uint64_t TensorHead::bytes() const {
  uint64_t elements = 1;
  for (const int64_t size : shape) elements *= static_cast<uint64_t>(size);
  return elements * c10::elementSize(type);
}

std::string TensorHead::ToString() const {
  return absl::StrCat(c10::toString(type), " [", absl::StrJoin(shape, ", "), "]");
}

TensorHead HeadOf(const at::Tensor& tensor) { return {tensor.scalar_type(), tensor.sizes().vec()}; }

void AppendHead(const TensorHead& head, std::string* bytes) {
  bytes->push_back(static_cast<char>(head.type));
  bytes->push_back(static_cast<char>(head.shape.size()));
  for (const int64_t size : head.shape) {
    bytes->append(reinterpret_cast<const char*>(&size), sizeof(size));
  }
}

absl::StatusOr<TensorHead> TakeHead(std::string_view* bytes) {
  if (bytes->size() < 2) return Malformed();
  TensorHead head;
  const auto type = static_cast<uint8_t>((*bytes)[0]),
             dimensions = static_cast<uint8_t>((*bytes)[1]);
  bytes->remove_prefix(2);
  if (type >= static_cast<uint8_t>(at::ScalarType::Undefined) || dimensions > kMaxDimensions ||
      bytes->size() < dimensions * sizeof(int64_t)) {
    return Malformed();
  }
  head.type = static_cast<at::ScalarType>(type);
  uint64_t total = c10::elementSize(head.type);
  if (total == 0) return Malformed();
  for (int i = 0; i < dimensions; ++i) {
    int64_t size;
    std::memcpy(&size, bytes->data(), sizeof(size));
    bytes->remove_prefix(sizeof(size));
    if (size < 0 || (size > 0 && total > kMaxBodyBytes / static_cast<uint64_t>(size))) {
      return Malformed();
    }
    total *= static_cast<uint64_t>(size);
    head.shape.push_back(size);
  }
  return head;
}

}  // namespace hanga
