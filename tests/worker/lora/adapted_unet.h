// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A small UNet with random weights, and adapters' files made of tensors.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/worker/models/tiny_models.h"
#include "tests/worker/weights/safetensors_file.h"
#include "worker/lora/adapter_binding.h"
#include "worker/weights/sd_key_maps.h"

namespace hanga::testing {

inline TestTensor Stored(const std::string& key, const at::Tensor& t) {
  const at::Tensor flat = t.to(at::kFloat).contiguous();
  return {key, "F32", t.sizes().vec(),
          std::string(static_cast<const char*>(flat.data_ptr()), flat.nbytes())};
}

using Named = std::map<std::string, at::Tensor>;

inline TensorSource FileOf(const Named& tensors) {
  std::vector<TestTensor> stored;
  for (const auto& [key, t] : tensors) stored.push_back(Stored(key, t));
  return MakeSource(stored);
}

// Two linear layers and a convolution that tests change.
inline const std::string kToV = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_v";
inline const std::string kProjIn = "mid_block.attentions.0.proj_in";
inline const std::string kConv = "down_blocks.1.resnets.1.conv1";

class AdaptedUnet {
 public:
  explicit AdaptedUnet(bool xl = true) : params_(TinyUnet(xl)), blocks_(MakeUnet(params_)) {
    FillRandomly(blocks_.Weights());
    Named weights;
    for (BlockWeights* block : blocks_.Weights())
      for (const Slot& slot : block->slots) weights[slot.key] = *slot.tensor;
    source_ = FileOf(weights);
    binding_.emplace(Target(), at::kCPU, at::kFloat);
  }

  AdapterTarget Target() { return {"unet", blocks_.Weights(), &source_, UnetKeyMaps()}; }

  absl::StatusOr<std::shared_ptr<const Adapter>> TryLoad(const Named& file) {
    const AdapterTarget targets[] = {Target()};
    return Adapter::Load(std::to_string(++loads_), FileOf(file), targets, "sdxl", at::kCPU,
                         at::kFloat);
  }
  std::shared_ptr<const Adapter> Load(const Named& file) {
    auto adapter = TryLoad(file);
    if (!adapter.ok()) ADD_FAILURE() << adapter.status();
    return *adapter;
  }

  // What the network makes of its inputs, a row for each set.
  at::Tensor Run(const std::vector<AdapterSet>& rows) {
    std::vector<const AdapterSet*> sets;
    for (const AdapterSet& set : rows) sets.push_back(&set);
    const auto bound = binding_->Bind(sets);
    UnetState s = UnetInputs(params_, static_cast<int64_t>(rows.size()));
    blocks_.Run(s);
    return s.x;
  }
  // The same of one row, with another value for a weight.
  at::Tensor RunWith(const Named& weights) {
    std::map<std::string, at::Tensor> before;
    for (const auto& [key, t] : weights) before[key] = std::exchange(*SlotOf(key).tensor, t);
    const at::Tensor result = Run({{}});
    for (const auto& [key, t] : before) *SlotOf(key).tensor = t;
    return result;
  }

  const Slot& SlotOf(const std::string& key) {
    for (BlockWeights* block : blocks_.Weights())
      for (const Slot& slot : block->slots)
        if (slot.key == key) return slot;
    ADD_FAILURE() << key;
    return blocks_.Weights().front()->slots.front();
  }
  at::Tensor Weight(const std::string& key) { return *SlotOf(key).tensor; }

  const BlockList<UnetState>& blocks() const { return blocks_; }
  const TensorSource& source() const { return source_; }

 private:
  UnetParams params_;
  BlockList<UnetState> blocks_;
  TensorSource source_;
  std::optional<AdapterBinding> binding_;
  int loads_ = 0;  // an id for each
};

inline void ExpectClose(const at::Tensor& a, const at::Tensor& b, double tolerance = 1e-5) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_LT(((a - b).norm() / b.norm()).item<double>(), tolerance);
}

}  // namespace hanga::testing
