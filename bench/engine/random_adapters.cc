// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/engine/random_adapters.h"

#include <ATen/ATen.h>

#include <stdexcept>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/weights/sd_key_maps.h"

namespace hanga::bench {
namespace {

StoredTensor Stored(const at::Tensor& values) {
  const auto kept = std::make_shared<at::Tensor>(values.contiguous());
  StoredTensor stored;
  stored.shape = kept->sizes().vec();
  stored.pieces = {
      {absl::MakeConstSpan(static_cast<const std::byte*>(kept->data_ptr()), kept->nbytes()), kept}};
  return stored;
}

TensorSource RandomFile(const BlockList<UnetState>& blocks, int64_t rank) {
  TensorSource::Tensors tensors;
  for (const BlockWeights* block : blocks.Weights()) {
    for (const Slot& slot : block->slots) {
      const bool changed = slot.side != nullptr && slot.shape.size() == 2 &&
                           absl::StrContains(slot.key, "transformer_blocks");
      if (!changed) continue;
      const std::string module = slot.key.substr(0, slot.key.rfind('.'));
      tensors[module + ".lora_A.weight"] = Stored(0.01 * at::randn({rank, slot.shape[1]}));
      tensors[module + ".lora_B.weight"] = Stored(0.01 * at::randn({slot.shape[0], rank}));
    }
  }
  return TensorSource(std::move(tensors));
}

}  // namespace

RandomAdapters::RandomAdapters(const BlockList<UnetState>& blocks, int64_t count, int64_t rank) {
  const AdapterTarget target = {"unet", blocks.Weights(), &no_weights_, UnetKeyMaps()};
  for (int64_t i = 0; i < count; ++i) {
    const AdapterTarget targets[] = {target};
    const auto adapter = Adapter::Load(absl::StrCat("random ", i), RandomFile(blocks, rank),
                                       targets, "sdxl", at::kCUDA, at::kBFloat16);
    if (!adapter.ok()) throw std::runtime_error(std::string(adapter.status().message()));
    sets_.push_back({{*adapter, 0.8, 0.8}});
  }
  binding_ = std::make_unique<AdapterBinding>(target, at::kCUDA, at::kBFloat16);
}

AdapterBinding::Bound RandomAdapters::Bind(int64_t rows) {
  std::vector<const AdapterSet*> sets;
  for (int64_t i = 0; i < rows; ++i) sets.push_back(&sets_[i % sets_.size()]);
  return binding_->Bind(sets);
}

}  // namespace hanga::bench
