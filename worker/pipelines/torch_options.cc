// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/torch_options.h"

#include <ATen/ATen.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace hanga {

absl::StatusOr<at::Device> ParseDevice(const std::string& name) {
  absl::string_view number = name;
  int index = 0;
  const bool cpu = absl::ConsumePrefix(&number, "cpu");
  const bool cuda = !cpu && absl::ConsumePrefix(&number, "cuda");
  const bool numbered = absl::ConsumePrefix(&number, ":");
  const bool valid =
      numbered ? absl::SimpleAtoi(number, &index) && index >= 0 && index < 128 : number.empty();
  if ((!cpu && !cuda) || !valid) {
    return absl::InvalidArgumentError(
        absl::StrCat("device: \"", name, "\" is neither cpu, cpu:N nor cuda:N"));
  }
  // A virtual CPU device is a process of its own; to Torch there is one CPU.
  if (cpu) return at::Device(at::kCPU);
  if (!at::hasCUDA() || index >= static_cast<int>(at::detail::getCUDAHooks().deviceCount())) {
    return absl::FailedPreconditionError(
        absl::StrCat("device: this machine has no ", name, " that LibTorch can use"));
  }
  return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

absl::StatusOr<at::ScalarType> ParseDtype(const std::string& name, at::Device device) {
  if (name == "auto") return device.is_cpu() ? at::kFloat : at::kBFloat16;
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16") return at::kHalf;
  return absl::InvalidArgumentError(
      absl::StrCat("dtype: \"", name, "\" is not one of auto, float32, bfloat16, float16"));
}

absl::StatusOr<WeightStorage> ParseWeights(const std::string& weights, at::ScalarType type) {
  if (weights == "auto") return WeightStorage(type);
  if (weights == "fp8") return WeightStorage(type, /*fp8=*/true);
  return absl::InvalidArgumentError(
      absl::StrCat("weights: \"", weights, "\" is not one of auto, fp8"));
}

}  // namespace hanga
