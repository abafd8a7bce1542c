// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/planner.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "placement/candidates.h"
#include "placement/expression_plan.h"
#include "placement/plan_context.h"
#include "placement/quantities.h"
#include "placement/refusal.h"

namespace hanga::placement {
namespace {

constexpr double kAsFast = 0.99;  // of the best rate: then latency decides

absl::Status CheckOptions(const PlanOptions& options) {
  const std::set<std::string> modes = {"auto",   "replicate", "split",
                                       "stream", "hand-over", "parallel"};
  if (!modes.contains(options.mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("mode: \"", options.mode, "\" is not one of ", absl::StrJoin(modes, ", ")));
  }
  if (options.placement != "auto" && (options.mode == "replicate" || options.mode == "parallel")) {
    return absl::InvalidArgumentError(
        absl::StrCat("placement: an allocation expression splits a model; mode ", options.mode,
                     " needs placement = \"auto\""));
  }
  if (options.images_per_prompt < 1)
    return absl::InvalidArgumentError("images_per_prompt: below 1");
  if (options.images_in_flight < 1) return absl::InvalidArgumentError("images_in_flight: below 1");
  if (!std::isfinite(options.max_latency_seconds) || options.max_latency_seconds < 0) {
    return absl::InvalidArgumentError("max_latency_seconds: must be 0 or more");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int>> ChooseDevices(const Topology& topology,
                                               const PlanOptions& options) {
  std::vector<int> chosen;
  for (const std::string& name : options.devices) {
    const int index = topology.IndexOf(name);
    if (index < 0) {
      return absl::InvalidArgumentError(absl::StrCat("devices: there is no \"", name,
                                                     "\"; this machine has ",
                                                     absl::StrJoin(topology.DeviceNames(), ", ")));
    }
    if (std::find(chosen.begin(), chosen.end(), index) != chosen.end()) {
      return absl::InvalidArgumentError(absl::StrCat("devices: \"", name, "\" is given twice"));
    }
    chosen.push_back(index);
  }
  if (!chosen.empty()) return chosen;
  for (const DeviceKind kind : {DeviceKind::kCuda, DeviceKind::kCpu}) {
    for (size_t i = 0; i < topology.devices.size(); ++i) {
      if (topology.devices[i].kind == kind) chosen.push_back(static_cast<int>(i));
    }
    if (!chosen.empty()) return chosen;
  }
  return absl::InvalidArgumentError("devices: there are none");
}

// 2, 4, 8, ... and all of them.
std::vector<int> GroupSizes(int devices) {
  std::vector<int> sizes;
  for (int size = 2; size < devices; size *= 2) sizes.push_back(size);
  if (devices > 1) sizes.push_back(devices);
  return sizes;
}

std::vector<Candidate> MakeCandidates(const PlanContext& context, const std::vector<int>& devices) {
  const std::string& mode = context.options.mode;
  const auto wants = [&](const char* name) { return mode == "auto" || mode == name; };
  const bool split = wants("split");
  std::vector<Candidate> candidates;
  if (wants("replicate")) candidates.push_back(ReplicateCandidate(context, devices));
  const int count = static_cast<int>(devices.size());
  for (const int size : GroupSizes(count)) {
    if (split || wants("stream")) candidates.push_back(StreamCandidate(context, devices, size));
    if (split || wants("hand-over"))
      candidates.push_back(HandOverCandidate(context, devices, size));
    if (wants("parallel")) candidates.push_back(ParallelCandidate(context, devices, size));
  }
  // One device splits a model too: with its host.
  if (count == 1 && (mode == "split" || mode == "stream")) {
    candidates.push_back(StreamCandidate(context, devices, 1));
  }
  return candidates;
}

// The best rate within the latency limit; the shortest latency where none is within it.
const Candidate* Choose(const std::vector<Candidate>& candidates, double max_latency_seconds) {
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!candidate.fits()) continue;
    if (best == nullptr) {
      best = &candidate;
      continue;
    }
    const double limit = max_latency_seconds;
    const bool in_time = limit == 0 || candidate.ImageSeconds() <= limit;
    const bool best_in_time = limit == 0 || best->ImageSeconds() <= limit;
    bool better = false;
    if (in_time != best_in_time) {
      better = in_time;
    } else if (!in_time) {
      better = candidate.ImageSeconds() < best->ImageSeconds();
    } else if (candidate.ImagesPerSecond() * kAsFast > best->ImagesPerSecond()) {
      better = true;
    } else if (candidate.ImagesPerSecond() > best->ImagesPerSecond() * kAsFast) {
      better = candidate.ImageSeconds() < best->ImageSeconds() * kAsFast;
    }
    if (better) best = &candidate;
  }
  return best;
}

void CountHostBytes(Plan* plan) {
  for (const GroupPlan& group : plan->groups) {
    const uint64_t copies = group.mode == Mode::kParallel ? group.ranks.size() : 1;
    for (const BlockPlacement& block : group.blocks) {
      if (block.store == Store::kPinned) plan->pinned_host_bytes += copies * block.stored_bytes;
      if (block.store == Store::kPageable) plan->pageable_host_bytes += block.stored_bytes;
    }
  }
}

Plan ToPlan(const PlanContext& context, const Candidate& chosen) {
  Plan plan;
  plan.model = context.profile.model;
  plan.topology = context.topology.name;
  plan.width = context.profile.width;
  plan.height = context.profile.height;
  plan.steps = context.profile.steps;
  plan.mode = chosen.mode;
  plan.groups = chosen.groups;
  plan.images_per_second = chosen.ImagesPerSecond();
  plan.image_seconds = chosen.ImageSeconds();
  CountHostBytes(&plan);
  for (const Shortage& shortage : chosen.shortages) {
    plan.notes.push_back(absl::StrCat(shortage.device, " is left out: it has ",
                                      FormatBytes(shortage.usable_bytes), " for ", shortage.what,
                                      ", which take ", FormatBytes(shortage.needed_bytes)));
  }
  const double limit = context.options.max_latency_seconds;
  if (limit > 0 && plan.image_seconds > limit) {
    plan.notes.push_back(absl::StrCat("no plan draws an image within ", FormatSeconds(limit),
                                      "; this one has the shortest latency"));
  }
  return plan;
}

std::vector<Shortage> AllShortages(const std::vector<Candidate>& candidates) {
  std::vector<Shortage> all;
  for (const Candidate& candidate : candidates) {
    all.insert(all.end(), candidate.shortages.begin(), candidate.shortages.end());
  }
  return all;
}

absl::Status Refuse(const PlanContext& context, const std::vector<Candidate>& candidates) {
  bool streaming_fits = false;
  if (context.options.keep_resident) {
    PlanOptions relaxed = context.options;
    relaxed.keep_resident = false;
    streaming_fits = MakePlan(context.profile, context.topology, relaxed).ok();
  }
  return Refusal(context, AllShortages(candidates), streaming_fits);
}

}  // namespace

absl::StatusOr<Plan> MakePlan(const ModelProfile& profile, const Topology& topology,
                              const PlanOptions& options) {
  for (const absl::Status& status :
       {Validate(profile), Validate(topology), CheckOptions(options)}) {
    if (!status.ok()) return status;
  }
  const auto devices = ChooseDevices(topology, options);
  if (!devices.ok()) return devices.status();
  const PlanContext context(profile, topology, options);

  if (options.placement != "auto") {
    auto outcome = PlanExpression(context, *devices);
    if (!outcome.ok()) return outcome.status();
    if (!outcome->candidate.fits()) return Refuse(context, {outcome->candidate});
    Plan plan = ToPlan(context, outcome->candidate);
    plan.quotas = std::move(outcome->quotas);
    plan.notes.insert(plan.notes.end(), outcome->notes.begin(), outcome->notes.end());
    return plan;
  }

  const std::vector<Candidate> candidates = MakeCandidates(context, *devices);
  const Candidate* chosen = Choose(candidates, options.max_latency_seconds);
  if (chosen == nullptr) return Refuse(context, candidates);
  Plan plan = ToPlan(context, *chosen);
  for (const Candidate& candidate : candidates) {
    Alternative& alternative = plan.alternatives.emplace_back();
    alternative.name = candidate.name;
    alternative.fits = candidate.fits();
    alternative.images_per_second = candidate.ImagesPerSecond();
    alternative.image_seconds = candidate.ImageSeconds();
    if (candidate.fits()) continue;
    alternative.why_not = candidate.shortages.empty()
                              ? "the model has nothing to split so"
                              : absl::StrCat(candidate.shortages[0].device, " lacks ",
                                             FormatBytes(candidate.shortages[0].missing_bytes()));
  }
  return plan;
}

}  // namespace hanga::placement
