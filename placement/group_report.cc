// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/group_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "placement/allocation.h"
#include "placement/cost_model.h"

namespace hanga::placement {
namespace {

constexpr double kSaturated = 0.97;  // of a resource's time: it is the limit

const char* HostKeeper(Store store) { return store == Store::kFile ? "file" : "cpu"; }

// Loads of the links that weights travel on, merged by their ends.
std::vector<LinkLoad> WeightLoads(const GroupPlan& plan, int passes_per_step) {
  std::vector<LinkLoad> loads;
  for (const BlockPlacement& block : plan.blocks) {
    if (block.phase != Phase::kDenoiser || block.store == Store::kResident) continue;
    const std::string& to = plan.ranks[block.rank].device;
    auto load = std::find_if(loads.begin(), loads.end(), [&](const LinkLoad& known) {
      return known.from == block.keeper && known.to == to;
    });
    if (load == loads.end()) load = loads.insert(loads.end(), {block.keeper, to, 0, 0, 0});
    load->bytes_per_step += block.stored_bytes * passes_per_step;
    load->busy += block.copy_seconds * passes_per_step;
  }
  for (LinkLoad& load : loads) {
    if (load.busy > 0) load.bytes_per_second = load.bytes_per_step / load.busy;
  }
  return loads;
}

void NameLimit(const std::vector<SimRank>& ranks, const SimResult& steady, GroupPlan* plan) {
  Prediction& prediction = plan->prediction;
  double busiest_compute = 0, busiest_link = 0;
  int rank_of_compute = 0, rank_of_ring = -1;
  for (size_t r = 0; r < ranks.size(); ++r) {
    if (steady.compute_busy[r] > busiest_compute) {
      busiest_compute = steady.compute_busy[r];
      rank_of_compute = static_cast<int>(r);
    }
    if (ranks[r].slots > 0 && rank_of_ring < 0) rank_of_ring = static_cast<int>(r);
  }
  const LinkLoad* link = nullptr;
  for (const LinkLoad& load : plan->links) {
    if (load.busy > busiest_link) busiest_link = load.busy, link = &load;
  }
  prediction.limit = Limit::kCompute;
  prediction.limited_by = plan->ranks[rank_of_compute].device;
  if (busiest_compute >= kSaturated || rank_of_ring < 0) return;
  if (link != nullptr && busiest_link >= busiest_compute) {
    prediction.limit = Limit::kLink;
    prediction.limited_by = absl::StrCat(link->from, " -> ", link->to);
    if (busiest_link >= 0.9) return;
  }
  if (std::max(busiest_link, busiest_compute) < 0.9) {
    prediction.limit = Limit::kMemory;
    prediction.limited_by = absl::StrCat("ring of ", plan->ranks[rank_of_ring].device);
  }
}

}  // namespace

RankPlan EmptyRank(const PlanContext& context, int device) {
  const Device& where = context.topology.devices[device];
  RankPlan rank;
  rank.device = where.name;
  rank.free_bytes = where.free_bytes();
  rank.reserve_bytes = std::min(rank.free_bytes, context.options.reserve_vram_bytes);
  rank.workspace_bytes = context.profile.workspace_bytes;
  rank.peak_bytes = rank.workspace_bytes;
  return rank;
}

std::vector<StreamSource> HostSources(const PlanContext& context, const Device& device, int sharers,
                                      uint64_t pinned_limit, uint64_t host_limit) {
  StreamSource pinned, pageable, file;
  pinned.store = Store::kPinned;
  pinned.bytes_per_second = PinnedBytesPerSecond(context.topology, device, sharers);
  pinned.capacity_bytes = pinned_limit;
  pageable.store = Store::kPageable;
  pageable.bytes_per_second = PageableBytesPerSecond(context.topology, device, sharers);
  pageable.capacity_bytes = host_limit - std::min(host_limit, pinned_limit);
  file.store = Store::kFile;
  file.bytes_per_second = pageable.bytes_per_second;
  file.read_bytes_per_second = context.topology.host.file_bytes_per_second / sharers;
  file.capacity_bytes = UINT64_MAX;
  std::vector<StreamSource> sources = {pinned, pageable, file};
  for (StreamSource& source : sources) source.keeper = HostKeeper(source.store);
  if (pinned_limit == 0) sources.erase(sources.begin());
  return sources;
}

std::optional<std::vector<int>> SourcesOfHomes(const PlanContext& context,
                                               const StreamRequest& request,
                                               const std::vector<int>& homes, int compute) {
  std::vector<uint64_t> room;
  for (const StreamSource& source : request.sources) room.push_back(source.capacity_bytes);
  std::vector<int> sources;
  for (size_t i = 0; i < homes.size(); ++i) {
    const StreamBlock& block = request.blocks[i];
    int chosen = kResidentHere;
    if (homes[i] != compute && block.stored_bytes > 0) {
      for (size_t s = 0; s < request.sources.size() && chosen == kResidentHere; ++s) {
        const StreamSource& source = request.sources[s];
        const bool right = homes[i] == kHomeHost ? source.store != Store::kDonor
                           : homes[i] == kHomeFile
                               ? source.store == Store::kFile
                               : source.keeper == context.topology.devices[homes[i]].name;
        if (right && room[s] >= KeptBytes(source, block)) chosen = static_cast<int>(s);
      }
      if (chosen == kResidentHere) return std::nullopt;
      room[chosen] -= KeptBytes(request.sources[chosen], block);
    }
    sources.push_back(chosen);
  }
  return sources;
}

void AppendDenoiserBlocks(const PlanContext& context, const StreamRequest& request,
                          const std::vector<int>& source, int rank, int first_block,
                          GroupPlan* plan, uint64_t* pinned_room, uint64_t* host_room) {
  for (size_t i = 0; i < source.size(); ++i) {
    const BlockProfile& block = context.denoiser[first_block + i];
    BlockPlacement placement;
    placement.block = block.name;
    placement.component = block.component;
    placement.rank = rank;
    placement.keeper = plan->ranks[rank].device;
    placement.stored_bytes = block.stored_bytes;
    placement.run_bytes = block.run_bytes;
    placement.compute_seconds = request.blocks[i].compute_seconds;
    if (source[i] != kResidentHere) {
      const StreamSource& from = request.sources[source[i]];
      placement.store = from.store;
      placement.keeper = from.keeper;
      const double rate = from.read_bytes_per_second > 0
                              ? std::min(from.bytes_per_second, from.read_bytes_per_second)
                              : from.bytes_per_second;
      placement.copy_seconds = from.latency_seconds + block.stored_bytes / rate;
      if (from.store == Store::kPinned) *pinned_room -= std::min(*pinned_room, block.stored_bytes);
      if (from.store == Store::kPinned || from.store == Store::kPageable) {
        *host_room -= std::min(*host_room, block.stored_bytes);
      }
      for (RankPlan& lender : plan->ranks) {
        if (lender.device == from.keeper) lender.lent_bytes += block.run_bytes;
      }
    }
    plan->blocks.push_back(std::move(placement));
  }
}

void PredictSteps(const std::vector<SimRank>& ranks, std::vector<LinkLoad> hand_overs,
                  int passes_per_step, GroupPlan* plan) {
  SimOptions options;
  options.passes_per_step = passes_per_step;
  const SimResult steady = Simulate(ranks, options);
  options.cold = true;
  options.steps = 1;
  Prediction& prediction = plan->prediction;
  prediction.step_seconds = steady.step_seconds;
  prediction.first_step_seconds = steady.first_step_seconds;
  prediction.cold_step_seconds = Simulate(ranks, options).first_step_seconds;
  plan->links = WeightLoads(*plan, passes_per_step);
  for (LinkLoad& load : hand_overs) plan->links.push_back(std::move(load));
  for (LinkLoad& load : plan->links) {
    load.busy = prediction.step_seconds > 0 ? load.busy / prediction.step_seconds : 0;
  }
  NameLimit(ranks, steady, plan);
}

}  // namespace hanga::placement
