// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/candidates.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "placement/cost_model.h"
#include "placement/hand_over_group.h"

namespace hanga::placement {
namespace {

using Chunk = std::vector<int>;
using PlanChunk = std::function<GroupOutcome(const Chunk&, int groups)>;

auto DeviceKey(const Device& d) {
  return std::tie(d.kind, d.model, d.total_bytes, d.used_by_others_bytes, d.matmul_flops,
                  d.matmul_fp32_flops, d.matmul_fp8_flops, d.attention_flops,
                  d.memory_bytes_per_second, d.block_overhead_seconds, d.pinned_bytes_per_second,
                  d.pageable_bytes_per_second, d.to_host_bytes_per_second, d.while_computing);
}

// Equal chunks get equal plans, so one is planned and the others are copies under other names.
bool Alike(const Topology& topology, const Chunk& a, const Chunk& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (DeviceKey(topology.devices[a[i]]) != DeviceKey(topology.devices[b[i]])) return false;
    for (size_t j = 0; j < a.size(); ++j) {
      if (i == j) continue;
      const Link* left = topology.FindLink(a[i], a[j]);
      const Link* right = topology.FindLink(b[i], b[j]);
      if (std::tie(left->kind, left->bytes_per_second, left->latency_seconds) !=
          std::tie(right->kind, right->bytes_per_second, right->latency_seconds)) {
        return false;
      }
    }
  }
  return true;
}

template <typename T>
void RenameIn(const std::vector<std::pair<std::string, std::string>>& names, T* text) {
  for (const auto& [from, to] : names) {
    if (*text == from) {
      *text = to;
      return;
    }
  }
}

GroupPlan Renamed(const Topology& topology, GroupPlan plan, const Chunk& from, const Chunk& to) {
  std::vector<std::pair<std::string, std::string>> names;
  for (size_t i = 0; i < from.size(); ++i) {
    names.emplace_back(topology.devices[from[i]].name, topology.devices[to[i]].name);
  }
  for (RankPlan& rank : plan.ranks) RenameIn(names, &rank.device);
  for (BlockPlacement& block : plan.blocks) RenameIn(names, &block.keeper);
  for (ComponentPlan& component : plan.components) RenameIn(names, &component.device);
  for (LinkLoad& link : plan.links) {
    RenameIn(names, &link.from);
    RenameIn(names, &link.to);
  }
  plan.prediction.limited_by = absl::StrReplaceAll(plan.prediction.limited_by, names);
  return plan;
}

Candidate PlanChunks(const PlanContext& context, const std::vector<int>& devices, int size,
                     const PlanChunk& plan_chunk) {
  Candidate candidate;
  const int groups = static_cast<int>(devices.size()) / size;
  std::vector<std::pair<Chunk, GroupOutcome>> planned;
  for (int g = 0; g < groups; ++g) {
    const Chunk chunk(devices.begin() + g * size, devices.begin() + (g + 1) * size);
    const auto known = std::find_if(planned.begin(), planned.end(), [&](const auto& entry) {
      return Alike(context.topology, entry.first, chunk);
    });
    const bool again = known != planned.end();
    const GroupOutcome outcome = again ? known->second : plan_chunk(chunk, groups);
    if (const auto* plan = std::get_if<GroupPlan>(&outcome)) {
      candidate.groups.push_back(again ? Renamed(context.topology, *plan, known->first, chunk)
                                       : *plan);
    } else {
      candidate.shortages.push_back(std::get<Shortage>(outcome));
    }
    if (!again) planned.emplace_back(chunk, outcome);
  }
  return candidate;
}

StreamGroupRequest RequestFor(const PlanContext& context, int compute, int groups) {
  StreamGroupRequest request;
  request.compute = compute;
  request.sharers = groups;
  request.pinned_limit_bytes = context.pinned_limit_bytes / groups;
  request.host_limit_bytes = context.host_limit_bytes / groups;
  request.compute_seconds = DenoiserSeconds(context, compute);
  request.passes_per_step = context.profile.forwards_per_step;
  return request;
}

// The fastest devices of a chunk, one of a kind: who computes while the others keep weights.
std::vector<int> ComputeChoices(const PlanContext& context, Chunk chunk) {
  constexpr size_t kMost = 3;
  const auto& devices = context.topology.devices;
  std::stable_sort(chunk.begin(), chunk.end(),
                   [&](int a, int b) { return devices[a].matmul_flops > devices[b].matmul_flops; });
  std::vector<int> choices;
  for (const int device : chunk) {
    const bool known = std::any_of(choices.begin(), choices.end(), [&](int other) {
      return DeviceKey(devices[other]) == DeviceKey(devices[device]);
    });
    if (!known && choices.size() < kMost) choices.push_back(device);
  }
  return choices;
}

GroupOutcome StreamChunk(const PlanContext& context, const Chunk& chunk, int groups) {
  GroupOutcome best = Shortage{};
  for (const int compute : ComputeChoices(context, chunk)) {
    StreamGroupRequest request = RequestFor(context, compute, groups);
    for (const int device : chunk) {
      if (device != compute) request.donors.push_back(device);
    }
    GroupOutcome outcome = PlanStreamGroup(context, request);
    const auto* plan = std::get_if<GroupPlan>(&outcome);
    const auto* known = std::get_if<GroupPlan>(&best);
    const bool better = plan != nullptr
                            ? known == nullptr || plan->prediction.images_per_second >
                                                      known->prediction.images_per_second
                            : known == nullptr;
    if (better) best = std::move(outcome);
  }
  return best;
}

// The slowest link between the devices of a chunk: every exchange waits for it.
Link SlowestLink(const Topology& topology, const Chunk& chunk) {
  const Link* slowest = nullptr;
  for (const int a : chunk) {
    for (const int b : chunk) {
      const Link* link = a == b ? nullptr : topology.FindLink(a, b);
      if (link != nullptr &&
          (slowest == nullptr || link->bytes_per_second < slowest->bytes_per_second)) {
        slowest = link;
      }
    }
  }
  return *slowest;
}

GroupOutcome ParallelChunk(const PlanContext& context, const Chunk& chunk, int groups,
                           int guidance_halves) {
  const int ranks = static_cast<int>(chunk.size()), sequence = ranks / guidance_halves;
  const Link link = SlowestLink(context.topology, chunk);
  int narrowest = chunk[0];
  for (const int device : chunk) {
    if (context.Usable(device) < context.Usable(narrowest)) narrowest = device;
  }
  StreamGroupRequest request = RequestFor(context, narrowest, groups);
  request.sharers = groups * ranks;
  request.pinned_limit_bytes /= ranks;
  request.host_limit_bytes /= ranks;
  request.passes_per_step = context.profile.forwards_per_step / guidance_halves;
  uint64_t exchanged = 0;
  for (size_t i = 0; i < context.denoiser.size(); ++i) {
    const BlockProfile& block = context.denoiser[i];
    request.compute_seconds[i] = 0;
    for (const int device : chunk) {
      request.compute_seconds[i] =
          std::max(request.compute_seconds[i],
                   ParallelBlockSeconds(block, context.topology.devices[device], sequence, link));
    }
    if (sequence > 1) exchanged += ExchangedBytes(block, sequence);
  }
  exchanged *= request.passes_per_step;
  if (guidance_halves > 1) exchanged += context.denoiser.back().boundary_bytes;
  GroupOutcome outcome = PlanStreamGroup(context, request);
  auto* plan = std::get_if<GroupPlan>(&outcome);
  if (plan == nullptr) return outcome;
  plan->mode = Mode::kParallel;
  const RankPlan pattern = plan->ranks[0];
  plan->ranks.clear();
  for (const int device : chunk) {
    RankPlan& rank = plan->ranks.emplace_back(pattern);
    rank.device = context.topology.devices[device].name;
    rank.free_bytes = context.topology.devices[device].free_bytes();
  }
  // Blocks stay where rank 0 has them, under its own name.
  for (BlockPlacement& block : plan->blocks) {
    if (block.store == Store::kResident) block.keeper = plan->ranks[0].device;
  }
  LinkLoad load{link.from, link.to, exchanged, link.bytes_per_second, 0};
  load.busy = exchanged / link.bytes_per_second / plan->prediction.step_seconds;
  plan->links.push_back(load);
  return outcome;
}

}  // namespace

double Candidate::ImagesPerSecond() const {
  double sum = 0;
  for (const GroupPlan& group : groups) sum += group.prediction.images_per_second;
  return sum;
}

double Candidate::ImageSeconds() const {
  double slowest = 0;
  for (const GroupPlan& group : groups) {
    slowest = std::max(slowest, group.prediction.image_seconds);
  }
  return slowest;
}

std::vector<double> DenoiserSeconds(const PlanContext& context, int device) {
  std::vector<double> seconds;
  for (const BlockProfile& block : context.denoiser) {
    seconds.push_back(BlockSeconds(block, context.topology.devices[device]));
  }
  return seconds;
}

Candidate ReplicateCandidate(const PlanContext& context, const std::vector<int>& devices) {
  Candidate candidate =
      PlanChunks(context, devices, 1, [&](const Chunk& chunk, int groups) -> GroupOutcome {
        return PlanStreamGroup(context, RequestFor(context, chunk[0], groups));
      });
  candidate.mode = Mode::kReplicate;
  candidate.name = absl::StrCat("replicate x", devices.size());
  return candidate;
}

Candidate StreamCandidate(const PlanContext& context, const std::vector<int>& devices, int size) {
  Candidate candidate = PlanChunks(context, devices, size, [&](const Chunk& chunk, int groups) {
    return StreamChunk(context, chunk, groups);
  });
  candidate.mode = Mode::kStream;
  candidate.name = absl::StrCat("stream over ", size);
  return candidate;
}

Candidate HandOverCandidate(const PlanContext& context, const std::vector<int>& devices, int size) {
  Candidate candidate = PlanChunks(context, devices, size, [&](const Chunk& chunk, int groups) {
    HandOverGroupRequest request;
    request.devices = chunk;
    request.sharers = groups * size;
    request.pinned_limit_bytes = context.pinned_limit_bytes / groups;
    request.host_limit_bytes = context.host_limit_bytes / groups;
    return PlanHandOverGroup(context, request);
  });
  candidate.mode = Mode::kHandOver;
  candidate.name = absl::StrCat("hand-over over ", size);
  return candidate;
}

Candidate ParallelCandidate(const PlanContext& context, const std::vector<int>& devices, int size) {
  Candidate best;
  for (const int halves : {1, 2}) {
    if (context.profile.forwards_per_step % halves != 0 || size % halves != 0) continue;
    const bool splits_sequence =
        std::any_of(context.denoiser.begin(), context.denoiser.end(),
                    [](const BlockProfile& block) { return block.exchange_bytes > 0; });
    if (size > halves && !splits_sequence) continue;
    Candidate candidate = PlanChunks(context, devices, size, [&](const Chunk& chunk, int groups) {
      return ParallelChunk(context, chunk, groups, halves);
    });
    if (best.fits() && candidate.ImagesPerSecond() <= best.ImagesPerSecond()) continue;
    best = std::move(candidate);
  }
  best.mode = Mode::kParallel;
  best.name = absl::StrCat("parallel over ", size);
  return best;
}

}  // namespace hanga::placement
