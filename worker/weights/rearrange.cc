// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/rearrange.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// The pieces of the bytes [begin, end) of a tensor.
std::vector<TensorPiece> CutPieces(const std::vector<TensorPiece>& pieces, uint64_t begin,
                                   uint64_t end) {
  std::vector<TensorPiece> cut;
  uint64_t start = 0;
  for (const TensorPiece& piece : pieces) {
    const uint64_t stop = start + piece.bytes.size();
    const uint64_t from = std::max(start, begin), to = std::min(stop, end);
    if (from < to) cut.push_back({piece.bytes.subspan(from - start, to - from), piece.owner});
    start = stop;
  }
  return cut;
}

}  // namespace

absl::StatusOr<StoredTensor> CutRows(const StoredTensor& tensor, int64_t index, int64_t count) {
  if (tensor.shape.empty() || tensor.shape[0] % count != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(DescribeTensor(tensor), " cannot be cut into ", count, " equal parts"));
  }
  const uint64_t bytes = tensor.bytes() / count;
  StoredTensor cut = tensor;
  cut.shape[0] /= count;
  cut.pieces = CutPieces(tensor.pieces, index * bytes, (index + 1) * bytes);
  return cut;
}

absl::StatusOr<StoredTensor> ConcatenateRows(absl::Span<const StoredTensor> parts) {
  StoredTensor whole = parts[0];
  for (const StoredTensor& part : parts.subspan(1)) {
    const bool fits = part.type == whole.type && !part.shape.empty() &&
                      part.shape.size() == whole.shape.size() &&
                      std::equal(part.shape.begin() + 1, part.shape.end(), whole.shape.begin() + 1);
    if (!fits) {
      return absl::InvalidArgumentError(absl::StrCat(DescribeTensor(parts[0]), " and ",
                                                     DescribeTensor(part), " cannot be joined"));
    }
    whole.shape[0] += part.shape[0];
    whole.pieces.insert(whole.pieces.end(), part.pieces.begin(), part.pieces.end());
  }
  return whole;
}

absl::StatusOr<StoredTensor> SwapHalves(const StoredTensor& tensor) {
  const auto first = CutRows(tensor, 0, 2);
  if (!first.ok()) return first.status();
  return ConcatenateRows({*CutRows(tensor, 1, 2), *first});
}

absl::StatusOr<StoredTensor> Transpose(const StoredTensor& tensor) {
  if (tensor.shape.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(DescribeTensor(tensor), " has no rows and columns to transpose"));
  }
  auto from = std::vector<std::byte>();
  for (const TensorPiece& piece : tensor.pieces)
    from.insert(from.end(), piece.bytes.begin(), piece.bytes.end());
  const uint64_t rows = tensor.shape[0], columns = tensor.shape[1];
  const uint64_t width = DataTypeBytes(tensor.type);
  auto to = std::make_shared<std::vector<std::byte>>(from.size());
  for (uint64_t r = 0; r < rows; ++r) {
    for (uint64_t c = 0; c < columns; ++c)
      std::copy_n(&from[(r * columns + c) * width], width, &(*to)[(c * rows + r) * width]);
  }
  StoredTensor transposed = tensor;
  transposed.shape = {tensor.shape[1], tensor.shape[0]};
  transposed.pieces = {{absl::MakeConstSpan(*to), to}};
  return transposed;
}

StoredTensor DropUnitDims(StoredTensor tensor) {
  while (tensor.shape.size() > 2 && tensor.shape.back() == 1) tensor.shape.pop_back();
  return tensor;
}

}  // namespace hanga
