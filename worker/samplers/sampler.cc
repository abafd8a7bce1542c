// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/sampler.h"

#include "absl/strings/str_cat.h"

namespace hanga {

absl::Status Sampler::Restore(const SamplerState& state) {
  if (state.step < 0 || state.step > steps()) {
    return absl::InvalidArgumentError(
        absl::StrCat("sampler state: step ", state.step, " of ", steps()));
  }
  if (!state.history.empty()) {
    return absl::InvalidArgumentError("sampler state: holds tensors that this sampler has not");
  }
  step_ = state.step;
  return absl::OkStatus();
}

}  // namespace hanga
