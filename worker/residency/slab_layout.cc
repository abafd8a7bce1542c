// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/slab_layout.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hanga {
namespace {

uint64_t Aligned(uint64_t bytes) {
  return (bytes + kSlabAlignment - 1) / kSlabAlignment * kSlabAlignment;
}

// Row-major, but channels last for pictures' kernels, which convolutions run faster with.
std::vector<int64_t> StridesOf(const std::vector<int64_t>& shape) {
  std::vector<size_t> order;  // of dimensions, the slowest first
  for (size_t i = 0; i < shape.size(); ++i) order.push_back(i);
  if (shape.size() == 4) order = {0, 2, 3, 1};
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    strides[order[i]] = stride;
    stride *= shape[order[i]];
  }
  return strides;
}

}  // namespace

SlabLayout LayOut(const BlockWeights& block, WeightStorage storage) {
  SlabLayout layout;
  const auto append = [&](const std::vector<int64_t>& shape, at::ScalarType type) {
    int64_t elements = 1;
    for (const int64_t size : shape) elements *= size;
    const uint64_t bytes = elements * c10::elementSize(type);
    layout.parts.push_back({layout.bytes, bytes, shape, StridesOf(shape), type});
    layout.bytes += Aligned(bytes);
  };
  for (size_t i = 0; i < block.slots.size(); ++i) {
    const Slot& slot = block.slots[i];
    const auto same = std::find_if(block.slots.begin(), block.slots.begin() + i,
                                   [&](const Slot& other) { return other.key == slot.key; });
    if (same != block.slots.begin() + i) {
      layout.parts.push_back(layout.parts[same - block.slots.begin()]);
      continue;
    }
    append(slot.shape, storage.TypeOf(slot));
  }
  for (const Slot& slot : block.slots) {
    if (storage.TypeOf(slot) == at::kFloat8_e4m3fn) append({slot.shape[0]}, at::kFloat);
  }
  return layout;
}

std::vector<at::Tensor> ViewsOf(const SlabLayout& layout, const at::Tensor& slab) {
  std::vector<at::Tensor> views;
  if (layout.bytes == 0) return views;
  for (const SlabLayout::Part& part : layout.parts) {
    const at::Tensor elements =
        slab.narrow(0, static_cast<int64_t>(part.offset), static_cast<int64_t>(part.bytes))
            .view(part.type);
    views.push_back(elements.as_strided(part.shape, part.strides, elements.storage_offset()));
  }
  return views;
}

void Pack(const BlockWeights& block) {
  if (block.slots.empty()) return;
  const at::Tensor& any = *block.slots.front().tensor;
  const SlabLayout layout = LayOut(block, any.scalar_type());
  const auto slab =
      at::empty({static_cast<int64_t>(layout.bytes)},
                any.options().dtype(at::kByte).memory_format(at::MemoryFormat::Contiguous));
  const std::vector<at::Tensor> views = ViewsOf(layout, slab);
  for (size_t i = 0; i < block.slots.size(); ++i) views[i].copy_(*block.slots[i].tensor);
  Bind(block, views);
}

void Bind(const BlockWeights& block, const std::vector<at::Tensor>& views) {
  size_t scales = block.slots.size();
  for (size_t i = 0; i < block.slots.size() && i < views.size(); ++i) {
    const Slot& slot = block.slots[i];
    *slot.tensor = slot.replacement.defined() ? slot.replacement : views[i];
    if (slot.scales == nullptr) continue;
    *slot.scales = views[i].scalar_type() == at::kFloat8_e4m3fn ? views[scales++] : at::Tensor();
  }
}

void Unbind(const BlockWeights& block) {
  for (const Slot& slot : block.slots) {
    slot.tensor->reset();
    if (slot.scales != nullptr) slot.scales->reset();
  }
}

}  // namespace hanga
