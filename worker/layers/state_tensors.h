// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A State as a row of tensors: what crosses a block boundary to another device or host, and into a
// checkpoint. A State has ForEachTensor(visit), which visits its members in a fixed order.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

namespace hanga {

// Members that are undefined stay in the row, undefined.
template <typename State>
std::vector<at::Tensor> TensorsOf(State& state) {
  std::vector<at::Tensor> tensors;
  state.ForEachTensor([&](at::Tensor& t) { tensors.push_back(t); });
  return tensors;
}

// The way back. `tensors` has as many as TensorsOf gave.
template <typename State>
State StateOf(std::vector<at::Tensor> tensors) {
  State state;
  size_t next = 0;
  state.ForEachTensor([&](at::Tensor& t) { t = std::move(tensors.at(next++)); });
  return state;
}

}  // namespace hanga
