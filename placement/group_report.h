// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the kinds of groups have in common when they are turned into a GroupPlan.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "placement/plan_context.h"
#include "placement/streaming.h"

namespace hanga::placement {

// A rank that holds nothing yet.
RankPlan EmptyRank(const PlanContext& context, int device);

// Pinned memory, pageable memory and the file, on engine 0.
std::vector<StreamSource> HostSources(const PlanContext& context, const Device& device, int sharers,
                                      uint64_t pinned_limit, uint64_t host_limit);

// The sources that an expression's homes mean; host blocks beyond the pinned limit become pageable,
// beyond the host limit they stream from the file. nullopt: a donor has no room.
std::optional<std::vector<int>> SourcesOfHomes(const PlanContext& context,
                                               const StreamRequest& request,
                                               const std::vector<int>& homes, int compute);

// Adds the denoiser's blocks `first_block`.. of `rank`, and what donors lend for them.
void AppendDenoiserBlocks(const PlanContext& context, const StreamRequest& request,
                          const std::vector<int>& source, int rank, int first_block,
                          GroupPlan* plan, uint64_t* pinned_room, uint64_t* host_room);

// Simulates the ranks and fills in step times, link loads and the limit. `hand_overs` is empty, or
// has a load for each rank: what it sends after its blocks.
void PredictSteps(const std::vector<SimRank>& ranks, std::vector<LinkLoad> hand_overs,
                  int passes_per_step, GroupPlan* plan);

}  // namespace hanga::placement
