// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The one place where what ATen throws becomes a status.
#pragma once

#include <c10/core/DeviceGuard.h>

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "worker/layers/block_list.h"
#include "worker/residency/resident_blocks.h"

namespace hanga {

// Runs `work` in inference mode. Out of memory, of the device or of the host: RESOURCE_EXHAUSTED.
// A device fault that the process cannot recover from: UNAVAILABLE. Anything else: INTERNAL. The
// message says what was done and where ("transformer, double_blocks.3").
absl::Status RunGuarded(const std::string& what, absl::FunctionRef<void()> work);

// The same failure, told with the block in which it happened.
absl::Status AtBlock(const absl::Status& status, const std::string& block);

// Runs a model's blocks in order; a failure names the block.
template <typename State>
absl::Status RunBlocks(const std::string& model, const BlockList<State>& blocks, State& state) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    const absl::Status status = RunGuarded(model, [&] { blocks[i].run(state); });
    if (!status.ok()) return AtBlock(status, blocks[i].name);
  }
  return absl::OkStatus();
}

// The same where blocks come and go.
template <typename State>
absl::Status RunBlocks(const std::string& model, const BlockList<State>& blocks,
                       ResidentBlocks& weights, State& state) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    const absl::Status status = RunGuarded(model, [&] {
      weights.Acquire(i);
      blocks[i].run(state);
      weights.Release(i);
    });
    if (!status.ok()) return AtBlock(status, blocks[i].name);
  }
  return absl::OkStatus();
}

// The same where the weights are on another device than the state, which travels there and back.
template <typename State>
absl::Status RunAway(const std::string& model, const BlockList<State>& blocks,
                     ResidentBlocks& weights, at::Device home, State& state) {
  const auto move = [&](at::Device device) {
    state.ForEachTensor([&](at::Tensor& t) {
      if (t.defined()) t = t.to(device);
    });
  };
  absl::Status status = RunGuarded(model, [&] { move(weights.device()); });
  const c10::DeviceGuard guard(weights.device());
  if (status.ok()) status = RunBlocks(model, blocks, weights, state);
  if (status.ok()) status = RunGuarded(model, [&] { move(home); });
  return status;
}

}  // namespace hanga
