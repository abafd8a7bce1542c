// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/allocation.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "placement/quantities.h"
#include "placement/quota_fill.h"

namespace hanga::placement {
namespace {

constexpr int kNoHome = -3;

class Resolver {
 public:
  Resolver(const Expression& expression, const ExpressionSection& section,
           const std::vector<BlockProfile>& blocks, const AllocationContext& context)
      : text_(expression.text), section_(section), blocks_(blocks), context_(context) {
    for (const BlockProfile& block : blocks) total_bytes_ += block.run_bytes;
  }

  absl::StatusOr<ResolvedSection> Run() {
    if (!section_.donors.empty()) return Donors();
    resolved_.homes.assign(blocks_.size(), kNoHome);
    resolved_.compute_local = section_.compute_local;
    for (const auto& step :
         {&Resolver::FindCompute, &Resolver::ApplyPins, &Resolver::ApplyQuotas}) {
      if (auto status = (this->*step)(); !status.ok()) return status;
    }
    return std::move(resolved_);
  }

 private:
  absl::StatusOr<ResolvedSection> Donors() {
    if (auto status = FindCompute(); !status.ok()) return status;
    for (const DeviceRef& donor : section_.donors) {
      const auto home = HomeOf(donor);
      if (!home.ok()) return home.status();
      if (*home == resolved_.compute) {
        return ExpressionError(text_, donor.offset, "a donor other than the device that computes");
      }
      if (*home == kHomeHost) continue;  // lends anyway
      if (*home == kHomeFile) {
        return ExpressionError(text_, donor.offset, "a device or cpu, which lend memory");
      }
      resolved_.donors.push_back(*home);
    }
    return std::move(resolved_);
  }

  absl::StatusOr<int> HomeOf(const DeviceRef& device) const {
    if (device.name == "cpu") return kHomeHost;
    if (device.name == "file") return kHomeFile;
    const int index = context_.topology.IndexOf(device.name);
    if (index >= 0) return index;
    const std::vector<std::string> names = context_.topology.DeviceNames();
    return ExpressionError(
        text_, device.offset,
        absl::StrCat("a device of this machine (", absl::StrJoin(names, ", "), ", cpu, file)"));
  }

  // compute=, else the first device that is named, in the order of writing.
  absl::Status FindCompute() {
    std::optional<DeviceRef> found = section_.compute;
    const auto consider = [&](const DeviceRef& device) {
      if (!found && device.name != "cpu" && device.name != "file") found = device;
    };
    for (const Allocation& a : section_.allocations) consider(a.device);
    for (const Pin& pin : section_.pins) consider(pin.device);
    if (!found && (section_.virtual_vram || !section_.donors.empty())) {
      const auto& donors = section_.virtual_vram ? section_.virtual_vram->donors : section_.donors;
      for (const Device& device : context_.topology.devices) {  // the first that is no donor
        const bool donates = std::any_of(donors.begin(), donors.end(), [&](const DeviceRef& donor) {
          return donor.name == device.name;
        });
        if (!donates) consider({device.name, section_.offset});
      }
    }
    if (!found) {
      return ExpressionError(
          text_, section_.offset, "a device that computes",
          absl::StrCat(text_, ";compute=", context_.topology.devices.front().name));
    }
    const auto home = HomeOf(*found);
    if (!home.ok()) return home.status();
    resolved_.compute = *home;
    return absl::OkStatus();
  }

  absl::Status ApplyPins() {
    for (const Pin& pin : section_.pins) {
      const auto home = HomeOf(pin.device);
      if (!home.ok()) return home.status();
      bool matched = false;
      for (size_t i = 0; i < blocks_.size(); ++i) {
        if (!MatchesPattern(pin.pattern, blocks_[i].name)) continue;
        matched = true;
        if (resolved_.homes[i] == kNoHome) resolved_.homes[i] = *home;  // the first pin wins
      }
      if (!matched) {
        return ExpressionError(
            text_, pin.offset,
            absl::StrCat("a pattern that matches a block (", blocks_.front().name, " ... ",
                         blocks_.back().name, ")"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ApplyQuotas() {
    if (section_.virtual_vram) return ApplyVirtualVram();
    std::vector<FillItem> items;
    for (const Allocation& a : section_.allocations) {
      const auto home = HomeOf(a.device);
      if (!home.ok()) return home.status();
      items.push_back(ToFillItem(a, *home));
    }
    if (items.empty()) {  // pins alone: the rest goes where there is room, on the compute device
                          // first
      items.push_back({resolved_.compute, Room(resolved_.compute), false, false, Position::kSpread,
                       "the rest"});
      items.push_back({kHomeHost, 0, true, false, Position::kInOrder, "the rest"});
    }
    return Fill(items, AllShares());
  }

  // Percentages alone are relative weights: they always hold the whole model.
  bool AllShares() const {
    return !section_.allocations.empty() &&
           std::all_of(section_.allocations.begin(), section_.allocations.end(),
                       [](const auto& a) { return a.quota.kind == Quota::Kind::kPercentOfModel; });
  }

  FillItem ToFillItem(const Allocation& a, int home) const {
    const bool device = home >= 0;
    const Host& host = context_.topology.host;
    const double total = device ? context_.topology.devices[home].total_bytes : host.total_bytes;
    const double free = device ? context_.usable_bytes[home] : host.free_bytes;
    FillItem item{home, 0, false, a.quota.at_most, a.position, a.text};
    switch (a.quota.kind) {
      case Quota::Kind::kBytes:
        item.bytes = a.quota.bytes;
        break;
      case Quota::Kind::kPercentOfModel:
        item.bytes = total_bytes_ * a.quota.value / 100;
        break;
      case Quota::Kind::kFractionOfDevice:
        item.bytes = total * a.quota.value;
        break;
      case Quota::Kind::kPercentOfFree:
        item.bytes = free * a.quota.value / 100;
        break;
      case Quota::Kind::kFreeLess:
        item.bytes = std::max(0.0, free - a.quota.bytes);
        break;
      case Quota::Kind::kRest:
        item.rest = true;
        break;
    }
    return item;
  }

  uint64_t Room(int device) const {
    uint64_t used = 0;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      used += resolved_.homes[i] == device ? blocks_[i].run_bytes : 0;
    }
    // A quarter stays for the ring: without room for two blocks in flight nothing overlaps.
    const uint64_t usable = context_.usable_bytes[device] / 4 * 3;
    return usable - std::min(usable, used);
  }

  // The compute device keeps what is left, spread so that copies hide; donors fill in their order.
  absl::Status ApplyVirtualVram() {
    const VirtualVram& wanted = *section_.virtual_vram;
    std::vector<DeviceRef> donors = wanted.donors;
    if (donors.empty()) donors.push_back({"cpu", wanted.offset});
    std::vector<FillItem> items;
    const uint64_t moved = std::min(wanted.bytes, total_bytes_);
    items.push_back({resolved_.compute, total_bytes_ - moved, false, false, Position::kSpread,
                     absl::StrCat("virtual_vram=", FormatBytes(wanted.bytes))});
    for (const DeviceRef& donor : donors) {
      const auto home = HomeOf(donor);
      if (!home.ok()) return home.status();
      if (*home == resolved_.compute) {
        return ExpressionError(text_, donor.offset, "a donor other than the device that computes");
      }
      const uint64_t room = *home >= 0           ? context_.usable_bytes[*home]
                            : *home == kHomeHost ? context_.topology.host.free_bytes
                                                 : total_bytes_;
      items.push_back({*home, room, false, true, Position::kInOrder, "donor " + donor.name});
    }
    return Fill(items, false);
  }

  absl::Status Fill(std::vector<FillItem> items, bool relative) {
    std::vector<uint64_t> sizes;
    std::vector<size_t> open;  // blocks that no pin has placed
    for (size_t i = 0; i < blocks_.size(); ++i) {
      if (resolved_.homes[i] != kNoHome) continue;
      open.push_back(i);
      sizes.push_back(blocks_[i].run_bytes);
    }
    if (relative && std::any_of(items.begin(), items.end(), [](const FillItem& item) {
          return item.position != Position::kInOrder;
        })) {
      double weights = 0;
      for (const FillItem& item : items) weights += static_cast<double>(item.bytes);
      for (FillItem& item : items) item.bytes = item.bytes / weights * total_bytes_;
      items.back().rest = true;
      relative = false;
    }
    const FillResult filled = relative ? FillShares(items, sizes) : FillQuotas(items, sizes);
    for (size_t i = 0; i < items.size(); ++i) {
      const std::string device = items[i].home == kHomeHost ? "cpu"
                                 : items[i].home == kHomeFile
                                     ? "file"
                                     : context_.topology.devices[items[i].home].name;
      resolved_.quotas.push_back({items[i].text, device, filled.requested[i], filled.granted[i]});
    }
    uint64_t left = 0;
    for (size_t i = 0; i < open.size(); ++i) {
      if (filled.item[i] < 0) {
        left += sizes[i];
      } else {
        resolved_.homes[open[i]] = items[filled.item[i]].home;
      }
    }
    const bool all = std::find(filled.item.begin(), filled.item.end(), -1) == filled.item.end();
    if (all) return absl::OkStatus();
    std::vector<std::string> grants;
    for (const QuotaReport& quota : resolved_.quotas) {
      grants.push_back(absl::StrCat(quota.item, " holds ", FormatBytes(quota.granted_bytes)));
    }
    return absl::ResourceExhaustedError(absl::StrCat(
        "placement: the quotas do not hold the model: ", FormatBytes(left), " of ",
        FormatBytes(total_bytes_), " are left over in whole blocks (", absl::StrJoin(grants, ", "),
        "); add \";cpu,*\" for the rest, or raise a quota by ", FormatBytes(left)));
  }

  const std::string& text_;
  const ExpressionSection& section_;
  const std::vector<BlockProfile>& blocks_;
  const AllocationContext& context_;
  uint64_t total_bytes_ = 0;
  ResolvedSection resolved_;
};

}  // namespace

absl::StatusOr<ResolvedSection> Resolve(const Expression& expression,
                                        const ExpressionSection& section,
                                        const std::vector<BlockProfile>& blocks,
                                        const AllocationContext& context) {
  if (blocks.empty()) return ResolvedSection{};
  return Resolver(expression, section, blocks, context).Run();
}

}  // namespace hanga::placement
