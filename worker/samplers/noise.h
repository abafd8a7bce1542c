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

// Draws what torch.Generator("cpu").manual_seed(seed) gives to torch.randn(dtype=type), on any kind
// of device. A seed's numbers are others in another type, and diffusers draws in the model's: to
// give a user the picture that they know, so do we.
class SeededNoise final : public NoiseSource {
 public:
  explicit SeededNoise(uint64_t seed, at::ScalarType type = at::kFloat);
  at::Tensor Draw(at::IntArrayRef shape) override;

  // The generator's state, to go on with the same numbers elsewhere.
  std::string Save() const;
  // INVALID_ARGUMENT if the bytes are not such a state; the stream is then as before.
  absl::Status Restore(std::string_view state);

 private:
  at::Generator generator_;
  const at::ScalarType type_;
};

}  // namespace hanga
