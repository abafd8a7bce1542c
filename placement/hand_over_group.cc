// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/hand_over_group.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "placement/components.h"
#include "placement/cost_model.h"
#include "placement/group_report.h"
#include "placement/hand_over.h"
#include "placement/streaming.h"

namespace hanga::placement {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr size_t kAllOrders = 3;  // devices, up to which every order is tried

class HandOverGroupPlanner {
 public:
  HandOverGroupPlanner(const PlanContext& context, const HandOverGroupRequest& request)
      : context_(context), request_(request) {
    for (const int device : request.devices) {
      const Device& where = context.topology.devices[device];
      const double rate = request.pinned_limit_bytes > 0
                              ? PinnedBytesPerSecond(context.topology, where, request.sharers)
                              : PageableBytesPerSecond(context.topology, where, request.sharers);
      devices_.push_back({device, context.Usable(device), rate});
    }
  }

  GroupOutcome Run() {
    const HandOverProblem problem = MakeProblem();
    std::optional<HandOverSolution> best;
    if (request_.homes) {
      best = EvaluateHandOver(problem, StagesOfHomes());
      if (best->sum_seconds == kNever) best.reset();
    } else {
      for (const std::vector<int>& order : Orders()) {
        const auto found = SolveHandOver(problem, order);
        const int images = problem.images_in_flight;
        if (found && (!best || found->PeriodSeconds(images) < best->PeriodSeconds(images))) {
          best = found;
        }
      }
    }
    if (!best) return Smallest();
    std::optional<GroupPlan> plan = Describe(problem, *best);
    if (!plan) return Smallest();
    return *std::move(plan);
  }

 private:
  // Closed-form times: a range that does not fit streams what is left over through two slots.
  HandOverProblem MakeProblem() const {
    const auto& blocks = context_.denoiser;
    const int n = static_cast<int>(blocks.size()), count = static_cast<int>(devices_.size());
    HandOverProblem problem;
    problem.blocks = n;
    problem.images_in_flight = std::max(1, context_.options.images_in_flight);
    for (int d = 0; d < count; ++d) {
      const Device& device = context_.topology.devices[devices_[d].device];
      std::vector<double> seconds;
      for (const BlockProfile& block : blocks) seconds.push_back(BlockSeconds(block, device));
      auto& ranges = problem.range_seconds.emplace_back(n, std::vector<double>(n + 1, kNever));
      for (int i = 0; i < n; ++i) {
        double compute = 0;
        uint64_t run = 0, largest = 0, activations = 0;
        for (int j = i; j < n; ++j) {
          compute += seconds[j];
          run += blocks[j].run_bytes;
          largest = std::max(largest, blocks[j].run_bytes);
          activations = std::max(activations, blocks[j].activation_bytes);
          ranges[i][j + 1] = RangeSeconds(devices_[d], compute, run, largest, activations);
        }
      }
    }
    problem.transfer_seconds.assign(count, std::vector<std::vector<double>>(count));
    for (int a = 0; a < count; ++a) {
      for (int b = 0; b < count; ++b) {
        auto& transfer = problem.transfer_seconds[a][b];
        transfer.assign(n + 1, 0.0);
        const Link* link = context_.topology.FindLink(devices_[a].device, devices_[b].device);
        for (int i = 1; i <= n && link != nullptr; ++i) {
          transfer[i] = TransferSeconds(blocks[i - 1].boundary_bytes, *link);
        }
      }
    }
    return problem;
  }

  double RangeSeconds(const SiteDevice& site, double compute, uint64_t run, uint64_t largest,
                      uint64_t activations) const {
    if (run + activations <= site.usable_bytes) return compute;
    if (context_.options.keep_resident || largest + activations > site.usable_bytes) return kNever;
    const uint64_t room = site.usable_bytes - activations;
    const uint64_t streamed = run - (room - std::min(room, 2 * largest));
    return std::max(compute, streamed / site.load_bytes_per_second);
  }

  std::vector<std::vector<int>> Orders() const {
    std::vector<int> order(devices_.size());
    std::iota(order.begin(), order.end(), 0);
    std::vector<std::vector<int>> orders = {order};
    if (devices_.size() <= kAllOrders) {
      while (std::next_permutation(order.begin(), order.end())) orders.push_back(order);
      return orders;
    }
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      return devices_[a].usable_bytes > devices_[b].usable_bytes;
    });
    if (order != orders[0]) orders.push_back(order);
    return orders;
  }

  // Runs of blocks on one device; what the host or a file keeps runs with the blocks before it.
  std::vector<HandOverStage> StagesOfHomes() const {
    std::vector<HandOverStage> stages;
    int device = 0;
    for (const int home : *request_.homes) {
      const auto found = std::find(request_.devices.begin(), request_.devices.end(), home);
      if (found != request_.devices.end()) {
        device = static_cast<int>(found - request_.devices.begin());
        break;
      }
    }
    for (size_t i = 0; i < request_.homes->size(); ++i) {
      const auto found =
          std::find(request_.devices.begin(), request_.devices.end(), (*request_.homes)[i]);
      if (found != request_.devices.end()) {
        device = static_cast<int>(found - request_.devices.begin());
      }
      const int block = static_cast<int>(i);
      if (stages.empty() || stages.back().device != device)
        stages.push_back({device, block, block});
      stages.back().end = block + 1;
    }
    return stages;
  }

  struct Stage {
    StreamRequest request;
    StreamSolution solution;
    uint64_t activation_bytes = 0;
  };

  std::optional<Stage> SolveStage(const HandOverStage& range) const {
    const SiteDevice& site = devices_[range.device];
    const Device& device = context_.topology.devices[site.device];
    Stage stage;
    std::vector<int> homes;
    for (int i = range.begin; i < range.end; ++i) {
      const BlockProfile& block = context_.denoiser[i];
      stage.request.blocks.push_back(
          {block.run_bytes, block.stored_bytes, BlockSeconds(block, device)});
      stage.activation_bytes = std::max(stage.activation_bytes, block.activation_bytes);
      if (request_.homes) homes.push_back((*request_.homes)[i]);
    }
    const uint64_t parts = devices_.size();
    stage.request.sources =
        HostSources(context_, device, request_.sharers, request_.pinned_limit_bytes / parts,
                    request_.host_limit_bytes / parts);
    stage.request.while_computing = device.while_computing;
    stage.request.capacity_bytes =
        site.usable_bytes - std::min(site.usable_bytes, stage.activation_bytes);
    std::optional<StreamSolution> solution;
    if (request_.homes) {
      const auto source = SourcesOfHomes(context_, stage.request, homes, site.device);
      if (source) solution = SolveRing(stage.request, *source);
    } else {
      solution = SolveStreaming(stage.request);
    }
    if (!solution || (context_.options.keep_resident && solution->slots > 0)) return std::nullopt;
    stage.solution = *std::move(solution);
    return stage;
  }

  std::optional<GroupPlan> Describe(const HandOverProblem& problem,
                                    const HandOverSolution& cuts) const {
    GroupPlan plan;
    plan.mode = Mode::kHandOver;
    const int passes = context_.profile.forwards_per_step;
    uint64_t pinned_room = request_.pinned_limit_bytes, host_room = request_.host_limit_bytes;
    std::vector<SimRank> sims;
    std::vector<LinkLoad> hand_overs;
    std::vector<SiteDevice> sites;
    std::vector<double> busy;
    for (size_t s = 0; s < cuts.stages.size(); ++s) {
      const HandOverStage& range = cuts.stages[s];
      const std::optional<Stage> stage = SolveStage(range);
      if (!stage) return std::nullopt;
      sites.push_back(devices_[range.device]);
      RankPlan& rank = plan.ranks.emplace_back(EmptyRank(context_, sites.back().device));
      rank.resident_bytes = stage->solution.resident_bytes;
      rank.ring_slots = stage->solution.slots;
      rank.slot_bytes = stage->solution.slot_bytes;
      rank.activation_bytes = stage->activation_bytes;
      rank.streamed_bytes = stage->solution.streamed_bytes * passes;
      for (const StreamBlock& block : stage->request.blocks) {
        rank.compute_seconds += block.compute_seconds * passes;
      }
      AppendDenoiserBlocks(context_, stage->request, stage->solution.source, static_cast<int>(s),
                           range.begin, &plan, &pinned_room, &host_room);
      sims.push_back(ToSimRank(stage->request, stage->solution.source, stage->solution.slots));
      busy.push_back(std::max(stage->solution.pass_seconds, 0.0) * passes);
      const int next = cuts.stages[(s + 1) % cuts.stages.size()].device;
      if (next == range.device) continue;
      const double seconds = problem.transfer_seconds[range.device][next][range.end];
      sims.back().hand_over_seconds = seconds;
      const uint64_t bytes = context_.denoiser[range.end - 1].boundary_bytes;
      hand_overs.push_back({rank.device, context_.topology.devices[devices_[next].device].name,
                            bytes * passes, seconds > 0 ? bytes / seconds : 0, seconds * passes});
      busy.back() = std::max(busy.back(), seconds * passes);
    }
    if (!HouseComponents(sites, &plan, &pinned_room, &host_room)) return std::nullopt;
    PredictSteps(sims, std::move(hand_overs), passes, &plan);
    AddImageTimes(context_, busy, &plan);
    return plan;
  }

  // Each component goes where it costs least: kept where it fits beside the blocks, else streamed
  // on the rank that has to evict least for it.
  bool HouseComponents(const std::vector<SiteDevice>& sites, GroupPlan* plan, uint64_t* pinned_room,
                       uint64_t* host_room) const {
    std::vector<uint64_t> component_peak(sites.size(), 0);
    for (size_t c = 0; c < context_.components.size(); ++c) {
      std::optional<ComponentSite> best;
      uint64_t best_evicted = 0;
      double best_seconds = kNever;
      for (size_t r = 0; r < sites.size(); ++r) {
        const RankPlan& rank = plan->ranks[r];
        for (ComponentSite& site : ComponentSites(context_, static_cast<int>(c),
                                                  static_cast<int>(r), sites[r], nullptr)) {
          // What stays must fit beside the denoiser at work; what runs may evict from it.
          const uint64_t working = rank.resident_bytes + rank.ring_slots * rank.slot_bytes +
                                   rank.activation_bytes + rank.kept_bytes;
          if (site.resident_bytes + working > sites[r].usable_bytes) continue;
          const uint64_t kept = rank.kept_bytes + site.resident_bytes;
          const uint64_t running = RunningBytes(context_, site);
          if (kept + running > sites[r].usable_bytes) continue;
          const uint64_t need = kept + rank.resident_bytes + running;
          const uint64_t evicted = need - std::min(need, sites[r].usable_bytes);
          const double seconds =
              site.use_seconds + (evicted > 0 ? evicted / sites[r].load_bytes_per_second : 0.0);
          if (seconds >= best_seconds) continue;
          best_seconds = seconds;
          best_evicted = evicted;
          best = std::move(site);
        }
      }
      if (!best) return false;
      RankPlan& rank = plan->ranks[best->rank];
      rank.kept_bytes += best->resident_bytes;
      component_peak[best->rank] =
          std::max(component_peak[best->rank],
                   rank.resident_bytes - best_evicted + RunningBytes(context_, *best));
      plan->components.push_back(
          DescribeComponent(context_, *best, sites[best->rank], best_evicted));
      AppendComponentBlocks(context_, *best, sites[best->rank], pinned_room, host_room,
                            &plan->blocks);
    }
    for (size_t r = 0; r < sites.size(); ++r) {
      RankPlan& rank = plan->ranks[r];
      const uint64_t denoising =
          rank.resident_bytes + rank.ring_slots * rank.slot_bytes + rank.activation_bytes;
      // Later components may have been kept beside an earlier one that was planned without them.
      const uint64_t peak = std::max(denoising, component_peak[r]) + rank.kept_bytes;
      if (peak > sites[r].usable_bytes) return false;
      rank.peak_bytes = rank.workspace_bytes + peak;
    }
    return true;
  }

  Shortage Smallest() const {
    Shortage shortage;
    uint64_t largest = 0, most_usable = 0, sum_usable = 0;
    for (const BlockProfile& block : context_.denoiser) {
      largest = std::max(largest, block.run_bytes + block.activation_bytes);
    }
    for (const SiteDevice& site : devices_) {
      sum_usable += site.usable_bytes;
      if (site.usable_bytes >= most_usable) {
        most_usable = site.usable_bytes;
        shortage.device = context_.topology.devices[site.device].name;
      }
    }
    shortage.what = "the largest block and its activations";
    shortage.needed_bytes = largest;
    shortage.usable_bytes = most_usable;
    if (largest <= most_usable) {
      shortage.what = "the blocks of its range, text encoders and VAE beside them";
      shortage.needed_bytes = context_.denoiser_run_bytes + context_.denoiser_activation_bytes;
      shortage.usable_bytes = std::min(sum_usable, shortage.needed_bytes - 1);
    }
    return shortage;
  }

  const PlanContext& context_;
  const HandOverGroupRequest& request_;
  std::vector<SiteDevice> devices_;
};

}  // namespace

GroupOutcome PlanHandOverGroup(const PlanContext& context, const HandOverGroupRequest& request) {
  return HandOverGroupPlanner(context, request).Run();
}

}  // namespace hanga::placement
