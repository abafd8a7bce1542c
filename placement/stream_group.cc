// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/stream_group.h"

#include <algorithm>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "placement/components.h"
#include "placement/cost_model.h"
#include "placement/group_report.h"
#include "placement/streaming.h"

namespace hanga::placement {
namespace {

constexpr size_t kSolvedChoices = 4;    // of the estimated best; the rest are not worth a solution
constexpr size_t kSolvedAlike = 2;      // of those that leave the denoiser about the same memory
constexpr double kCloseEnough = 1.004;  // of an estimate, which is nearly a bound
constexpr double kNever = std::numeric_limits<double>::infinity();

// One combination of sites, and whether the denoiser makes room for them by evictions.
struct Choice {
  std::vector<ComponentSite> sites;
  bool evict = true;
  double estimate = kNever;
};

class StreamGroupPlanner {
 public:
  StreamGroupPlanner(const PlanContext& context, const StreamGroupRequest& request)
      : context_(context), request_(request) {
    AddDevice(request.compute);
    for (const int donor : request.donors) AddDevice(donor);
    for (size_t i = 0; i < context.denoiser.size(); ++i) {
      compute_seconds_ += request.compute_seconds[i];
      largest_block_ = std::max(largest_block_, context.denoiser[i].run_bytes);
    }
  }

  GroupOutcome Run() {
    std::vector<Choice> choices = Choices();
    std::stable_sort(choices.begin(), choices.end(),
                     [](const Choice& a, const Choice& b) { return a.estimate < b.estimate; });
    std::optional<GroupPlan> best;
    size_t solved = 0;
    std::map<uint64_t, size_t> alike;  // by the blocks that there is room for
    for (const Choice& choice : choices) {
      if (solved >= kSolvedChoices || choice.estimate == kNever) break;
      if (best && choice.estimate * kCloseEnough >= Objective(*best)) break;
      const uint64_t room = DenoiserCapacity(choice) / std::max<uint64_t>(1, 2 * largest_block_);
      if (alike[room] >= kSolvedAlike) continue;
      std::optional<GroupPlan> plan = Solve(choice);
      if (!plan) continue;
      ++alike[room];
      ++solved;
      if (!best || Objective(*plan) < Objective(*best)) best = std::move(plan);
    }
    if (best) return *std::move(best);
    return Smallest();
  }

 private:
  void AddDevice(int device) {
    const Device& where = context_.topology.devices[device];
    const double rate = request_.pinned_limit_bytes > 0
                            ? PinnedBytesPerSecond(context_.topology, where, request_.sharers)
                            : PageableBytesPerSecond(context_.topology, where, request_.sharers);
    devices_.push_back({device, context_.Usable(device), rate});
  }

  // Seconds that an image costs the queue: encodings are shared by the images of a prompt.
  double Objective(const GroupPlan& plan) const {
    const Prediction& p = plan.prediction;
    return p.encode_seconds / std::max(1, context_.options.images_per_prompt) + p.decode_seconds +
           context_.profile.steps * p.step_seconds;
  }

  // Every combination of sites, each with and without evictions.
  std::vector<Choice> Choices() {
    std::vector<Choice> choices(1);
    for (size_t c = 0; c < context_.components.size(); ++c) {
      const std::vector<ComponentSite> sites = SitesOf(static_cast<int>(c));
      std::vector<Choice> longer;
      for (const Choice& choice : choices) {
        for (const ComponentSite& site : sites) {
          longer.push_back(choice);
          longer.back().sites.push_back(site);
        }
      }
      choices = std::move(longer);
    }
    const size_t count = choices.size();
    for (size_t i = 0; i < count; ++i) {
      choices.push_back(choices[i]);
      choices.back().evict = false;
    }
    for (Choice& choice : choices) choice.estimate = Estimate(choice);
    return choices;
  }

  std::vector<ComponentSite> SitesOf(int component) {
    if (!request_.wishes.empty() && request_.wishes[component]) {
      const ComponentWish& wish = *request_.wishes[component];
      for (size_t r = 0; r < devices_.size(); ++r) {
        if (devices_[r].device == wish.device) {
          return ComponentSites(context_, component, static_cast<int>(r), devices_[r], &wish);
        }
      }
      return {};
    }
    std::vector<ComponentSite> sites = ComponentSites(context_, component, 0, devices_[0], nullptr);
    // Donors: the two with most room; kept there it costs the compute device nothing.
    std::vector<size_t> donors;
    for (size_t r = 1; r < devices_.size(); ++r) donors.push_back(r);
    std::stable_sort(donors.begin(), donors.end(), [&](size_t a, size_t b) {
      return devices_[a].usable_bytes > devices_[b].usable_bytes;
    });
    for (size_t i = 0; i < donors.size() && i < 2; ++i) {
      for (ComponentSite& site : ComponentSites(context_, component, static_cast<int>(donors[i]),
                                                devices_[donors[i]], nullptr)) {
        if (site.kept()) sites.push_back(std::move(site));
      }
    }
    return sites;
  }

  uint64_t KeptBytes(const Choice& choice, int rank) const {
    uint64_t bytes = 0;
    for (const ComponentSite& site : choice.sites) {
      bytes += site.rank == rank ? site.resident_bytes : 0;
    }
    return bytes;
  }

  // The components run one after another, so the neediest counts.
  uint64_t RunningNeed(const Choice& choice, int rank) const {
    uint64_t bytes = 0;
    for (const ComponentSite& site : choice.sites) {
      if (site.rank == rank) bytes = std::max(bytes, RunningBytes(context_, site));
    }
    return bytes;
  }

  bool Fits(const Choice& choice) const {
    for (size_t r = 0; r < devices_.size(); ++r) {
      const int rank = static_cast<int>(r);
      const uint64_t need = KeptBytes(choice, rank) + RunningNeed(choice, rank);
      if (need > devices_[r].usable_bytes) return false;
    }
    return KeptBytes(choice, 0) + context_.denoiser_activation_bytes <= devices_[0].usable_bytes;
  }

  uint64_t DenoiserCapacity(const Choice& choice) const {
    return devices_[0].usable_bytes - KeptBytes(choice, 0) - context_.denoiser_activation_bytes;
  }

  uint64_t ResidentLimit(const Choice& choice) const {
    if (choice.evict) return std::numeric_limits<uint64_t>::max();
    return devices_[0].usable_bytes - KeptBytes(choice, 0) - RunningNeed(choice, 0);
  }

  // All sources copy at once; a donor gives no more than it can keep.
  double CopySeconds(const Choice& choice, double bytes) const {
    std::vector<StreamSource> donors = DonorSources(choice);
    double bandwidth = devices_[0].load_bytes_per_second;
    for (const StreamSource& donor : donors) bandwidth += donor.bytes_per_second;
    std::stable_sort(donors.begin(), donors.end(), [](const auto& a, const auto& b) {
      return a.capacity_bytes / a.bytes_per_second < b.capacity_bytes / b.bytes_per_second;
    });
    for (const StreamSource& donor : donors) {
      if (donor.bytes_per_second * bytes / bandwidth <= donor.capacity_bytes) break;
      bytes -= static_cast<double>(donor.capacity_bytes);  // exhausted: the others copy the rest
      bandwidth -= donor.bytes_per_second;
    }
    return bytes / bandwidth;
  }

  // Closed form: what Solve is likely to find.
  double Estimate(const Choice& choice) const {
    if (!Fits(choice)) return kNever;
    uint64_t resident = std::min(DenoiserCapacity(choice), ResidentLimit(choice));
    const uint64_t all = context_.denoiser_run_bytes;
    if (!choice.evict && ResidentLimit(choice) >= all) return kNever;  // the same as with evictions
    double streamed = 0;
    if (resident < all) {
      const uint64_t ring = 2 * largest_block_;
      const uint64_t capacity = DenoiserCapacity(choice);
      resident = std::min(resident, capacity - std::min(capacity, ring));
      streamed = static_cast<double>(all - resident);
    } else {
      resident = all;
    }
    if (streamed > 0 && context_.options.keep_resident) return kNever;
    const double step =
        request_.passes_per_step * std::max(compute_seconds_, CopySeconds(choice, streamed));
    double seconds = context_.profile.steps * step;
    for (const ComponentSite& site : choice.sites) {
      const double share = context_.components[site.component].phase == Phase::kTextEncoder
                               ? 1.0 / std::max(1, context_.options.images_per_prompt)
                               : 1.0;
      seconds += share * (site.use_seconds +
                          Evicted(choice, site, resident) / devices_[0].load_bytes_per_second);
    }
    return seconds;
  }

  uint64_t Evicted(const Choice& choice, const ComponentSite& site, uint64_t resident) const {
    if (site.rank != 0) return 0;
    const uint64_t need = resident + KeptBytes(choice, 0) + RunningBytes(context_, site);
    return need - std::min(need, devices_[0].usable_bytes);
  }

  std::vector<StreamSource> DonorSources(const Choice& choice) const {
    std::vector<StreamSource> sources;
    for (size_t r = 1; r < devices_.size(); ++r) {
      const Link* link = context_.topology.FindLink(devices_[r].device, devices_[0].device);
      const int rank = static_cast<int>(r);
      const uint64_t taken = KeptBytes(choice, rank) + RunningNeed(choice, rank);
      if (link == nullptr || taken >= devices_[r].usable_bytes) continue;
      StreamSource source;
      source.store = Store::kDonor;
      source.keeper = context_.topology.devices[devices_[r].device].name;
      // A link that is staged through the host shares the host's engine.
      source.engine = link->kind == LinkKind::kHost ? 0 : rank;
      source.bytes_per_second = link->bytes_per_second;
      source.latency_seconds = link->latency_seconds;
      source.capacity_bytes = devices_[r].usable_bytes - taken;
      sources.push_back(source);
    }
    return sources;
  }

  StreamRequest ToStreamRequest(const Choice& choice) const {
    StreamRequest stream;
    const Device& device = context_.topology.devices[request_.compute];
    for (size_t i = 0; i < context_.denoiser.size(); ++i) {
      const BlockProfile& block = context_.denoiser[i];
      stream.blocks.push_back({block.run_bytes, block.stored_bytes, request_.compute_seconds[i]});
    }
    stream.sources = HostSources(context_, device, request_.sharers, request_.pinned_limit_bytes,
                                 request_.host_limit_bytes);
    for (StreamSource& donor : DonorSources(choice)) stream.sources.push_back(std::move(donor));
    stream.engines = static_cast<int>(devices_.size());
    stream.capacity_bytes = DenoiserCapacity(choice);
    stream.resident_limit_bytes = ResidentLimit(choice);
    stream.while_computing = device.while_computing;
    return stream;
  }

  std::optional<GroupPlan> Solve(const Choice& choice) const {
    const StreamRequest stream = ToStreamRequest(choice);
    std::optional<StreamSolution> solution;
    if (request_.homes) {
      const auto source = SourcesOfHomes(context_, stream, *request_.homes, request_.compute);
      if (source) solution = SolveRing(stream, *source);
    } else {
      solution = SolveStreaming(stream);
    }
    if (!solution || (solution->slots > 0 && context_.options.keep_resident)) return std::nullopt;
    return Describe(choice, stream, *solution);
  }

  GroupPlan Describe(const Choice& choice, const StreamRequest& stream,
                     const StreamSolution& solution) const {
    GroupPlan plan;
    plan.mode = devices_.size() > 1 ? Mode::kStream : Mode::kReplicate;
    for (const SiteDevice& site : devices_) plan.ranks.push_back(EmptyRank(context_, site.device));
    RankPlan& first = plan.ranks[0];
    first.resident_bytes = solution.resident_bytes;
    first.ring_slots = solution.slots;
    first.slot_bytes = solution.slot_bytes;
    first.activation_bytes = context_.denoiser_activation_bytes;
    first.compute_seconds = compute_seconds_ * request_.passes_per_step;
    first.streamed_bytes = solution.streamed_bytes * request_.passes_per_step;
    uint64_t pinned_room = request_.pinned_limit_bytes, host_room = request_.host_limit_bytes;
    AppendDenoiserBlocks(context_, stream, solution.source, 0, 0, &plan, &pinned_room, &host_room);
    uint64_t component_peak = 0;
    for (const ComponentSite& site : choice.sites) {
      RankPlan& rank = plan.ranks[site.rank];
      rank.kept_bytes += site.resident_bytes;
      const uint64_t evicted = Evicted(choice, site, solution.resident_bytes);
      plan.components.push_back(DescribeComponent(context_, site, devices_[site.rank], evicted));
      AppendComponentBlocks(context_, site, devices_[site.rank], &pinned_room, &host_room,
                            &plan.blocks);
      if (site.rank == 0) {
        component_peak =
            std::max(component_peak, solution.resident_bytes - evicted + KeptBytes(choice, 0) +
                                         RunningBytes(context_, site));
      }
    }
    for (size_t r = 0; r < plan.ranks.size(); ++r) {
      RankPlan& rank = plan.ranks[r];
      uint64_t peak = rank.resident_bytes + rank.ring_slots * rank.slot_bytes +
                      rank.activation_bytes + rank.kept_bytes + rank.lent_bytes;
      if (r == 0) peak = std::max(peak, component_peak);
      if (r > 0) peak += RunningNeed(choice, static_cast<int>(r));
      rank.peak_bytes = rank.workspace_bytes + peak;
    }
    PredictSteps({ToSimRank(stream, solution.source, solution.slots)}, {}, request_.passes_per_step,
                 &plan);
    std::vector<double> busy(plan.ranks.size(), 0.0);
    busy[0] = plan.prediction.step_seconds;
    AddImageTimes(context_, busy, &plan);
    return plan;
  }

  // The least that would do on the compute device.
  Shortage Smallest() const {
    Shortage shortage;
    shortage.device = context_.topology.devices[request_.compute].name;
    shortage.usable_bytes = devices_[0].usable_bytes;
    const uint64_t activations = context_.denoiser_activation_bytes;
    if (context_.options.keep_resident) {
      shortage.what = "all weights (keep_resident) and the activations";
      shortage.needed_bytes = context_.denoiser_run_bytes + activations;
      for (const Component& part : context_.components) shortage.needed_bytes += part.run_bytes;
    } else if (request_.homes) {
      shortage.what = "the blocks that the expression keeps there, one slot and the activations";
      uint64_t slot = 0;
      for (size_t i = 0; i < request_.homes->size(); ++i) {
        const uint64_t bytes = context_.denoiser[i].run_bytes;
        if ((*request_.homes)[i] == request_.compute) {
          shortage.needed_bytes += bytes;
        } else {
          slot = std::max(slot, bytes);
        }
      }
      shortage.needed_bytes += slot + activations;
    } else {
      shortage.what = "one slot for the largest block and the activations";
      shortage.needed_bytes = largest_block_ + activations;
    }
    for (const Component& part : context_.components) {
      const uint64_t need = part.largest_block_bytes + part.activation_bytes;
      if (need <= shortage.needed_bytes || context_.options.keep_resident) continue;
      shortage.needed_bytes = need;
      shortage.what =
          absl::StrCat("one slot for the largest block of ", part.name, " and its activations");
    }
    shortage.needed_bytes = std::max(shortage.needed_bytes, shortage.usable_bytes + 1);
    return shortage;
  }

  const PlanContext& context_;
  const StreamGroupRequest& request_;
  std::vector<SiteDevice> devices_;
  double compute_seconds_ = 0;
  uint64_t largest_block_ = 0;
};

}  // namespace

GroupOutcome PlanStreamGroup(const PlanContext& context, const StreamGroupRequest& request) {
  return StreamGroupPlanner(context, request).Run();
}

}  // namespace hanga::placement
