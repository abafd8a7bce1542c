// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Where random numbers come from: one stream for each image, so that an image does not depend on
// which others are drawn beside it.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace hanga {

// Hands out standard normal tensors, float32 on the CPU, in order of use. Not thread-safe.
class NoiseSource {
 public:
  virtual ~NoiseSource() = default;
  virtual at::Tensor Draw(at::IntArrayRef shape) = 0;
};

// Draws what torch.Generator("cpu").manual_seed(seed) gives to torch.randn, on any device type.
class SeededNoise final : public NoiseSource {
 public:
  explicit SeededNoise(uint64_t seed);
  at::Tensor Draw(at::IntArrayRef shape) override;

  // The generator's state, to go on with the same numbers elsewhere.
  std::string Save() const;
  // INVALID_ARGUMENT if the bytes are not such a state; the stream is then as before.
  absl::Status Restore(std::string_view state);

 private:
  at::Generator generator_;
};

}  // namespace hanga
