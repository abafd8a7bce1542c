// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/sampler.h"

#include "absl/strings/str_cat.h"

namespace hanga {

absl::Status Sampler::Restore(const SamplerState& state) {
  if (state.step < start_ || state.step > steps()) {
    return absl::InvalidArgumentError(
        absl::StrCat("sampler state: step ", state.step, " of ", steps()));
  }
  if (state.history.size() > history_limit()) {
    return absl::InvalidArgumentError("sampler state: holds tensors that this sampler has not");
  }
  step_ = state.step;
  history_ = state.history;
  return absl::OkStatus();
}

void Sampler::Remember(const at::Tensor& tensor, size_t limit) {
  history_.push_back(tensor);
  if (history_.size() > limit) history_.erase(history_.begin());
}

}  // namespace hanga
