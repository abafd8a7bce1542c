// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A State as a row of tensors, and how it crosses from one rank to another: what the State's
// ForEachTensor visits, in that order, those that are defined. A block that needs a tensor no more
// undefines it, and it does not travel. Strides survive, since a kernel may be chosen by them.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/collectives/communicator.h"
#include "worker/layers/block_list.h"
#include "worker/layers/state_tensors.h"

namespace hanga {

using Row = std::vector<at::Tensor>;

// Runs blocks [begin, end) on a row; `around(i, run)` calls run() once, with what a block needs
// done before and after it. Throws as ATen does.
template <typename State, typename Around>
void RunRange(const BlockList<State>& blocks, size_t begin, size_t end, Row* row, Around around) {
  State state = StateOf<State>(std::move(*row));
  for (size_t i = begin; i < end; ++i) around(i, [&] { blocks[i].run(state); });
  *row = TensorsOf(state);
}

// Appends what the receiver must know before the tensors come, and gives these, contiguous.
// INTERNAL: a row of too many tensors.
absl::StatusOr<std::vector<at::Tensor>> PackRow(const Row& row, std::string* bytes);
// Takes the head from the front of `bytes`, then receives. INTERNAL: no head of a row.
absl::StatusOr<Row> ReceiveRow(Communicator& communicator, int from, std::string_view* bytes);

}  // namespace hanga
