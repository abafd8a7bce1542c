// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/handover/row.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "worker/collectives/tensor_head.h"

namespace hanga {
namespace {

constexpr size_t kMaxTensors = 255;

// Before each tensor of a row.
enum class Place : uint8_t { kUndefined = 0, kBeside = 1, kInHead = 2 };

// Numbers that the host computes with, whatever the device: they travel in the head.
bool IsHostNumber(const at::Tensor& tensor) { return tensor.is_cpu() && tensor.dim() == 0; }

// Dimensions from the outermost in memory to the innermost; as they are, for a tensor with gaps.
at::DimVector MemoryOrder(const at::Tensor& tensor) {
  at::DimVector order(tensor.dim());
  std::iota(order.begin(), order.end(), 0);
  if (tensor.is_contiguous() || !tensor.is_non_overlapping_and_dense()) return order;
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return tensor.stride(a) > tensor.stride(b); });
  return order;
}

at::DimVector Inverse(const at::DimVector& order) {
  at::DimVector inverse(order.size());
  for (size_t i = 0; i < order.size(); ++i) inverse[order[i]] = static_cast<int64_t>(i);
  return inverse;
}

absl::Status Malformed() { return absl::InternalError("a rank sent a state that makes no sense"); }

}  // namespace

absl::StatusOr<std::vector<at::Tensor>> PackRow(const Row& row, std::string* bytes) {
  if (row.size() > kMaxTensors) {
    return absl::InternalError(absl::StrCat("a state of ", row.size(), " tensors"));
  }
  std::vector<at::Tensor> packed;
  bytes->push_back(static_cast<char>(row.size()));
  for (const at::Tensor& tensor : row) {
    const Place place = !tensor.defined()      ? Place::kUndefined
                        : IsHostNumber(tensor) ? Place::kInHead
                                               : Place::kBeside;
    bytes->push_back(static_cast<char>(place));
    if (place == Place::kUndefined) continue;
    if (place == Place::kInHead) {
      AppendHead(HeadOf(tensor), bytes);
      bytes->append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
      continue;
    }
    const at::DimVector order = MemoryOrder(tensor);
    packed.push_back(tensor.permute(order).contiguous());
    AppendHead(HeadOf(packed.back()), bytes);
    for (const int64_t dimension : Inverse(order)) bytes->push_back(static_cast<char>(dimension));
  }
  return packed;
}

absl::StatusOr<Row> ReceiveRow(Communicator& communicator, int from, std::string_view* bytes) {
  const auto take = [&]() -> int {
    if (bytes->empty()) return -1;
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    return byte;
  };
  const int count = take();
  if (count < 0) return Malformed();
  Row row(count);
  for (at::Tensor& tensor : row) {
    const int place = take();
    if (place == static_cast<int>(Place::kUndefined)) continue;
    if (place < 0 || place > static_cast<int>(Place::kInHead)) return Malformed();
    const absl::StatusOr<TensorHead> head = TakeHead(bytes);
    if (!head.ok()) return head.status();
    if (place == static_cast<int>(Place::kInHead)) {
      if (!head->shape.empty() || bytes->size() < head->bytes()) return Malformed();
      tensor = at::empty({}, at::TensorOptions().dtype(head->type));
      std::memcpy(tensor.data_ptr(), bytes->data(), head->bytes());
      bytes->remove_prefix(head->bytes());
      continue;
    }
    std::vector<int64_t> order, seen(head->shape.size(), 0);
    for (size_t i = 0; i < head->shape.size(); ++i) {
      const int dimension = take();
      if (dimension < 0 || dimension >= static_cast<int>(seen.size()) || seen[dimension]++ != 0) {
        return Malformed();
      }
      order.push_back(dimension);
    }
    absl::StatusOr<at::Tensor> flat = communicator.Receive(from, head->shape, head->type);
    if (!flat.ok()) return flat.status();
    tensor = flat->permute(order);
  }
  return row;
}

}  // namespace hanga
