// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// An allocation expression applied to a model and a machine: one home for every block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "placement/expression.h"
#include "placement/plan.h"
#include "placement/profile.h"
#include "placement/topology.h"

namespace hanga::placement {

// Where a block's weights are kept: a device's index, or one of these.
inline constexpr int kHomeHost = -1;
inline constexpr int kHomeFile = -2;

struct ResolvedSection {
  int compute = 0;             // index of the device that runs the blocks
  bool compute_local = false;  // each runs where it is kept instead
  std::vector<int> homes;      // by block, in the order given; empty where the planner decides
  std::vector<int> donors;     // there: the devices that it may use beside the host
  std::vector<QuotaReport> quotas;
};

// What an expression may use of the machine.
struct AllocationContext {
  const Topology& topology;
  std::vector<uint64_t> usable_bytes;  // by device: free, less reserves and activations
};

// `blocks` are those of the section's phase. INVALID_ARGUMENT points into the text: unknown
// devices, no compute device, patterns without a block. RESOURCE_EXHAUSTED: quotas that do not hold
// the model, with the numbers and what to add; nothing goes anywhere that was not asked for.
absl::StatusOr<ResolvedSection> Resolve(const Expression& expression,
                                        const ExpressionSection& section,
                                        const std::vector<BlockProfile>& blocks,
                                        const AllocationContext& context);

}  // namespace hanga::placement
