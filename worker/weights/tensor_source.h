// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a checkpoint holds, by key, whatever files it came from and however they name things.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "worker/weights/data_type.h"

namespace hanga {

// A run of stored bytes, usually inside a file's mapping.
struct TensorPiece {
  absl::Span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  // keeps the bytes readable
};

// One tensor, dense and row-major: the bytes of its pieces, one after the other. Fusing, cutting
// and reordering along the first dimension only changes the pieces; nothing is copied until it is
// read.
struct StoredTensor {
  DataType type = DataType::kF32;
  std::vector<int64_t> shape;
  std::vector<TensorPiece> pieces;
  bool spare = false;  // some models have no use for it: leaving it unread is no error

  uint64_t bytes() const;  // of all pieces
};

// "BF16 [3072, 64]", for error messages.
std::string DescribeTensor(const StoredTensor& tensor);

// The tensors of a checkpoint by key. Copies are cheap beside the weights: they share the mappings,
// which live as long as any copy of a piece. Immutable once built, so safe to read from any thread.
class TensorSource {
 public:
  using Tensors = std::map<std::string, StoredTensor, std::less<>>;
  using Metadata = std::map<std::string, std::string, std::less<>>;

  TensorSource() = default;
  explicit TensorSource(Tensors tensors, Metadata metadata = {})
      : tensors_(std::move(tensors)), metadata_(std::move(metadata)) {}

  const Tensors& tensors() const { return tensors_; }    // in the order of their keys
  const StoredTensor* Find(std::string_view key) const;  // null if absent
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  const Metadata& metadata() const { return metadata_; }  // a single file's `__metadata__`

  uint64_t parameters() const;  // elements of all tensors
  uint64_t bytes() const;       // as stored

 private:
  Tensors tensors_;
  Metadata metadata_;
};

}  // namespace hanga
