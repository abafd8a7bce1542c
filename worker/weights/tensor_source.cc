// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/tensor_source.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace hanga {

uint64_t StoredTensor::bytes() const {
  uint64_t sum = 0;
  for (const TensorPiece& piece : pieces) sum += piece.bytes.size();
  return sum;
}

std::string DescribeTensor(const StoredTensor& tensor) {
  return absl::StrCat(std::string(DataTypeName(tensor.type)), " [",
                      absl::StrJoin(tensor.shape, ", "), "]");
}

const StoredTensor* TensorSource::Find(std::string_view key) const {
  const auto found = tensors_.find(key);
  return found == tensors_.end() ? nullptr : &found->second;
}

uint64_t TensorSource::parameters() const {
  uint64_t sum = 0;
  for (const auto& [key, tensor] : tensors_) sum += tensor.bytes() / DataTypeBytes(tensor.type);
  return sum;
}

uint64_t TensorSource::bytes() const {
  uint64_t sum = 0;
  for (const auto& [key, tensor] : tensors_) sum += tensor.bytes();
  return sum;
}

}  // namespace hanga
