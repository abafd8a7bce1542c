// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/noise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cstring>

namespace hanga {

SeededNoise::SeededNoise(uint64_t seed, at::ScalarType type)
    : generator_(at::detail::createCPUGenerator(seed)), type_(type) {}

at::Tensor SeededNoise::Draw(at::IntArrayRef shape) {
  return at::randn(shape, generator_, at::TensorOptions().dtype(type_)).to(at::kFloat);
}

std::string SeededNoise::Save() const {
  const at::Tensor state = generator_.get_state();
  return std::string(static_cast<const char*>(state.const_data_ptr()), state.nbytes());
}

absl::Status SeededNoise::Restore(std::string_view state) {
  at::Tensor bytes = at::empty({static_cast<int64_t>(state.size())}, at::kByte);
  if (!state.empty()) std::memcpy(bytes.data_ptr(), state.data(), state.size());
  at::Generator generator = at::detail::createCPUGenerator();
  try {
    generator.set_state(bytes);
  } catch (const c10::Error&) {
    return absl::InvalidArgumentError("noise state: not the state of a CPU generator");
  }
  generator_ = generator;
  return absl::OkStatus();
}

}  // namespace hanga
