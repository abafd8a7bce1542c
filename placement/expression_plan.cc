// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/expression_plan.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "placement/allocation.h"
#include "placement/expression.h"
#include "placement/hand_over_group.h"
#include "placement/quantities.h"

namespace hanga::placement {
namespace {

class ExpressionPlanner {
 public:
  ExpressionPlanner(const PlanContext& context, const Expression& expression,
                    const std::vector<int>& devices)
      : context_(context),
        expression_(expression),
        devices_(devices),
        allocation_{context.topology, {}} {
    for (size_t d = 0; d < context.topology.devices.size(); ++d) {
      const uint64_t usable = context.Usable(static_cast<int>(d));
      allocation_.usable_bytes.push_back(usable -
                                         std::min(usable, context.denoiser_activation_bytes));
    }
    wishes_.resize(context.components.size());
  }

  absl::StatusOr<ExpressionOutcome> Run() {
    for (const Phase phase : {Phase::kTextEncoder, Phase::kVae}) {
      if (auto status = WishComponents(phase); !status.ok()) return status;
    }
    ResolvedSection denoiser;
    denoiser.compute = devices_.front();
    const ExpressionSection* section = expression_.Find(Phase::kDenoiser);
    if (section != nullptr) {
      auto resolved = Resolve(expression_, *section, context_.denoiser, allocation_);
      if (!resolved.ok()) return resolved.status();
      denoiser = *std::move(resolved);
      outcome_.quotas.insert(outcome_.quotas.begin(), denoiser.quotas.begin(),
                             denoiser.quotas.end());
    }
    if (auto status = CheckDevices(denoiser); !status.ok()) return status;
    if (denoiser.compute_local) {
      if (auto status = HandOver(denoiser); !status.ok()) return status;
      return std::move(outcome_);
    }
    Keep(PlanStreamGroup(context_, StreamRequestFor(denoiser)));
    if (section != nullptr) NoteSpreading(*section);
    NoteRounding();
    return std::move(outcome_);
  }

 private:
  absl::Status WishComponents(Phase phase) {
    const ExpressionSection* section = expression_.Find(phase);
    if (section == nullptr) return absl::OkStatus();
    std::vector<BlockProfile> blocks;
    for (const Component& component : context_.components) {
      if (component.phase != phase) continue;
      blocks.insert(blocks.end(), component.blocks.begin(), component.blocks.end());
    }
    // Off every device, a component still has to run on one: the denoiser's unless compute= says
    // so.
    ExpressionSection asked = *section;
    const bool names_device = [&] {
      for (const Allocation& a : asked.allocations) {
        if (a.device.name != "cpu" && a.device.name != "file") return true;
      }
      return !asked.pins.empty() || asked.compute.has_value();
    }();
    if (!names_device) {
      asked.compute = DeviceRef{context_.topology.devices[DenoiserDevice()].name, asked.offset};
    }
    if (!section->donors.empty()) {
      return ExpressionError(expression_.text, section->donors.front().offset,
                             "donors in the section of the denoiser, where weights are streamed");
    }
    auto resolved = Resolve(expression_, asked, blocks, allocation_);
    if (!resolved.ok()) return resolved.status();
    for (const int home : resolved->homes) {
      if (home < 0 || home == resolved->compute) continue;
      return ExpressionError(expression_.text, section->offset,
                             "one device for text encoders or VAE, and cpu or file for the rest");
    }
    outcome_.quotas.insert(outcome_.quotas.end(), resolved->quotas.begin(), resolved->quotas.end());
    auto home = resolved->homes.begin();
    for (size_t c = 0; c < context_.components.size(); ++c) {
      const Component& component = context_.components[c];
      if (component.phase != phase) continue;
      const auto end = home + static_cast<std::ptrdiff_t>(component.blocks.size());
      wishes_[c] = ComponentWish{resolved->compute, {home, end}};
      home = end;
    }
    return absl::OkStatus();
  }

  int DenoiserDevice() const {
    const ExpressionSection* section = expression_.Find(Phase::kDenoiser);
    if (section != nullptr) {
      const auto resolved = Resolve(expression_, *section, context_.denoiser, allocation_);
      if (resolved.ok()) return resolved->compute;
    }
    return devices_.front();
  }

  absl::Status CheckDevices(const ResolvedSection& denoiser) const {
    std::set<int> used(denoiser.homes.begin(), denoiser.homes.end());
    used.insert(denoiser.donors.begin(), denoiser.donors.end());
    used.insert(denoiser.compute);
    for (const int device : used) {
      if (device < 0 || std::find(devices_.begin(), devices_.end(), device) != devices_.end())
        continue;
      return absl::InvalidArgumentError(
          absl::StrCat("placement: ", context_.topology.devices[device].name,
                       " is in the expression but not among the devices of the deployment"));
    }
    return absl::OkStatus();
  }

  StreamGroupRequest StreamRequestFor(const ResolvedSection& denoiser) const {
    StreamGroupRequest request;
    request.compute = denoiser.compute;
    std::set<int> others(denoiser.homes.begin(), denoiser.homes.end());
    others.insert(denoiser.donors.begin(), denoiser.donors.end());
    for (const auto& wish : wishes_) {
      if (wish) others.insert(wish->device);
    }
    for (const int device : others) {
      if (device >= 0 && device != denoiser.compute) request.donors.push_back(device);
    }
    request.pinned_limit_bytes = context_.pinned_limit_bytes;
    request.host_limit_bytes = context_.host_limit_bytes;
    request.compute_seconds = DenoiserSeconds(context_, denoiser.compute);
    request.passes_per_step = context_.profile.forwards_per_step;
    if (!denoiser.homes.empty()) request.homes = denoiser.homes;
    request.wishes = wishes_;
    return request;
  }

  absl::Status HandOver(const ResolvedSection& denoiser) {
    HandOverGroupRequest request;
    int last = kHomeHost;
    for (const int home : denoiser.homes) {
      if (home < 0 || home == last) continue;
      last = home;
      if (std::find(request.devices.begin(), request.devices.end(), home) !=
          request.devices.end()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "placement: compute=local needs the blocks of a device to be contiguous; those of ",
            context_.topology.devices[home].name, " are not"));
      }
      request.devices.push_back(home);
    }
    const bool wished = std::any_of(wishes_.begin(), wishes_.end(),
                                    [](const auto& wish) { return wish.has_value(); });
    if (wished) {
      return absl::InvalidArgumentError(
          "placement: with compute=local text encoders and VAE are placed automatically; leave "
          "their "
          "sections out");
    }
    if (request.devices.empty()) request.devices.push_back(denoiser.compute);
    request.pinned_limit_bytes = context_.pinned_limit_bytes;
    request.host_limit_bytes = context_.host_limit_bytes;
    request.homes = denoiser.homes;
    Keep(PlanHandOverGroup(context_, request));
    NoteRounding();
    return absl::OkStatus();
  }

  void Keep(GroupOutcome outcome) {
    if (auto* plan = std::get_if<GroupPlan>(&outcome)) {
      outcome_.candidate.mode = plan->mode == Mode::kReplicate ? Mode::kStream : plan->mode;
      plan->mode = outcome_.candidate.mode;
      outcome_.candidate.groups.push_back(std::move(*plan));
    } else {
      outcome_.candidate.shortages.push_back(std::get<Shortage>(outcome));
    }
    outcome_.candidate.name = "the expression";
  }

  // In order is what was asked for; spread may be faster, and the user should know.
  void NoteSpreading(const ExpressionSection& section) {
    constexpr double kWorthSaying = 0.97;
    if (!outcome_.candidate.fits()) return;
    ExpressionSection spread = section;
    bool changed = false;
    for (Allocation& a : spread.allocations) {
      if (a.position != Position::kInOrder || a.quota.kind == Quota::Kind::kRest) continue;
      a.position = Position::kSpread;
      changed = true;
    }
    if (!changed) return;
    const auto resolved = Resolve(expression_, spread, context_.denoiser, allocation_);
    if (!resolved.ok()) return;
    const GroupOutcome outcome = PlanStreamGroup(context_, StreamRequestFor(*resolved));
    const auto* plan = std::get_if<GroupPlan>(&outcome);
    const double now = outcome_.candidate.groups[0].prediction.step_seconds;
    if (plan == nullptr || plan->prediction.step_seconds > now * kWorthSaying) return;
    outcome_.notes.push_back(absl::StrCat(
        "spread between resident blocks (\",spread\" after a quota) "
        "a step would take ",
        FormatSeconds(plan->prediction.step_seconds), " instead of ", FormatSeconds(now)));
  }

  void NoteRounding() {
    for (const QuotaReport& quota : outcome_.quotas) {
      if (quota.granted_bytes == quota.requested_bytes) continue;
      const bool less = quota.granted_bytes < quota.requested_bytes;
      const uint64_t by = less ? quota.requested_bytes - quota.granted_bytes
                               : quota.granted_bytes - quota.requested_bytes;
      outcome_.notes.push_back(absl::StrCat(quota.item, ": whole blocks give ",
                                            FormatBytes(quota.granted_bytes), ", ", FormatBytes(by),
                                            less ? " less" : " more", " than asked for"));
    }
  }

  const PlanContext& context_;
  const Expression& expression_;
  const std::vector<int>& devices_;
  AllocationContext allocation_;
  std::vector<std::optional<ComponentWish>> wishes_;
  ExpressionOutcome outcome_;
};

}  // namespace

absl::StatusOr<ExpressionOutcome> PlanExpression(const PlanContext& context,
                                                 const std::vector<int>& devices) {
  const auto expression = ParseExpression(context.options.placement);
  if (!expression.ok()) return expression.status();
  return ExpressionPlanner(context, *expression, devices).Run();
}

}  // namespace hanga::placement
