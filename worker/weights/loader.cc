// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/loader.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/kernels/quantize_rows.h"
#include "worker/weights/key_list.h"

namespace hanga {
namespace {

// Where ATen's own CPU tensors begin. A tensor that lies otherwise in the file is copied, since
// math libraries may choose another path for it, and the same weights must give the same bits.
constexpr uintptr_t kAlignment = 64;

bool IsAligned(const TensorPiece& piece) {
  return reinterpret_cast<uintptr_t>(piece.bytes.data()) % kAlignment == 0;
}

// The stored values on the CPU; shares the mapping where one aligned piece holds them.
at::Tensor ReadTensor(const StoredTensor& stored) {
  const at::TensorOptions options = at::device(at::kCPU).dtype(*WeightType(stored.type));
  if (stored.pieces.size() == 1 && !stored.pieces[0].bytes.empty() && IsAligned(stored.pieces[0])) {
    void* data = const_cast<std::byte*>(stored.pieces[0].bytes.data());
    return at::from_blob(
        data, stored.shape, [owner = stored.pieces[0].owner](void*) {}, options);
  }
  at::Tensor tensor = at::empty(stored.shape, options);
  auto* to = static_cast<std::byte*>(tensor.data_ptr());
  for (const TensorPiece& piece : stored.pieces) {
    if (!piece.bytes.empty()) std::memcpy(to, piece.bytes.data(), piece.bytes.size());
    to += piece.bytes.size();
  }
  return tensor;
}

absl::StatusOr<at::Tensor> LoadTensor(const std::string& key, const StoredTensor& stored,
                                      at::Device device, at::ScalarType type) {
  try {
    return ReadTensor(stored).to(device, type);
  } catch (const c10::OutOfMemoryError&) {
  } catch (const std::bad_alloc&) {
  } catch (const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    if (what.find("can't allocate memory") == std::string::npos) {
      return absl::InternalError(absl::StrCat("loading '", key, "': ", what));
    }
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("out of memory on ", device.str(), " loading '", key, "'"));
}

}  // namespace

std::optional<at::ScalarType> WeightType(DataType type) {
  switch (type) {
    case DataType::kF64:
      return at::kDouble;
    case DataType::kF32:
      return at::kFloat;
    case DataType::kF16:
      return at::kHalf;
    case DataType::kBF16:
      return at::kBFloat16;
    case DataType::kF8E4M3:
      return at::kFloat8_e4m3fn;
    case DataType::kF8E5M2:
      return at::kFloat8_e5m2;
    default:
      return std::nullopt;
  }
}

absl::StatusOr<at::Tensor> ReadTensor(const std::string& key, const StoredTensor& stored) {
  return LoadTensor(key, stored, at::kCPU, *WeightType(stored.type));
}

WeightTotals CountWeights(absl::Span<BlockWeights* const> blocks) {
  std::map<std::string_view, uint64_t> elements;
  for (const BlockWeights* block : blocks) {
    for (const Slot& slot : block->slots) elements[slot.key] = slot.Elements();
  }
  WeightTotals totals{.tensors = elements.size(), .parameters = 0};
  for (const auto& [key, count] : elements) totals.parameters += count;
  return totals;
}

absl::Status CheckBlocks(absl::Span<BlockWeights* const> blocks, const TensorSource& source) {
  KeyList missing("missing key"), unexpected("unexpected key"), wrong_shape("wrong shape"),
      wrong_type("wrong type");
  std::map<std::string_view, const Slot*> declared;
  for (const BlockWeights* block : blocks) {
    for (const Slot& slot : block->slots) {
      if (!declared.emplace(slot.key, &slot).second) continue;
      const StoredTensor* stored = source.Find(slot.key);
      if (stored == nullptr) {
        missing.Add(slot.key);
      } else if (stored->shape != slot.shape) {
        wrong_shape.Add(slot.key, absl::StrCat(" is ", DescribeTensor(*stored), ", not [",
                                               absl::StrJoin(slot.shape, ", "), "]"));
      } else if (!WeightType(stored->type)) {
        wrong_type.Add(slot.key, absl::StrCat(" is ", DescribeTensor(*stored)));
      }
    }
  }
  for (const auto& [key, stored] : source.tensors()) {
    if (!stored.spare && !declared.contains(key)) unexpected.Add(key);
  }
  const std::string faults = JoinKeyLists({missing, unexpected, wrong_shape, wrong_type});
  return faults.empty() ? absl::OkStatus() : absl::InvalidArgumentError(faults);
}

absl::Status LoadBlocks(absl::Span<BlockWeights* const> blocks, const TensorSource& source,
                        at::Device device, at::ScalarType type) {
  if (const auto status = CheckBlocks(blocks, source); !status.ok()) return status;
  std::map<std::string_view, at::Tensor> loaded;
  for (const BlockWeights* block : blocks) {
    for (const Slot& slot : block->slots) {
      if (loaded.contains(slot.key)) continue;
      auto tensor = LoadTensor(slot.key, *source.Find(slot.key), device, type);
      if (!tensor.ok()) return tensor.status();
      loaded.emplace(slot.key, *std::move(tensor));
    }
  }
  for (const BlockWeights* block : blocks) {
    for (const Slot& slot : block->slots) *slot.tensor = loaded.at(slot.key);
  }
  return absl::OkStatus();
}

void QuantizeBlocks(absl::Span<BlockWeights* const> blocks) {
  const c10::InferenceMode inference;
  for (const BlockWeights* block : blocks) {
    for (const Slot& slot : block->slots) {
      if (slot.scales == nullptr) continue;
      const kernels::Rows rows = kernels::QuantizeRows(*slot.tensor);
      *slot.tensor = rows.values;
      *slot.scales = rows.scales;
    }
  }
}

void UnloadBlocks(absl::Span<BlockWeights* const> blocks) {
  for (const BlockWeights* block : blocks) {
    for (const Slot& slot : block->slots) {
      slot.tensor->reset();
      if (slot.scales != nullptr) slot.scales->reset();
    }
  }
}

}  // namespace hanga
