// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/refusal.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "placement/quantities.h"

namespace hanga::placement {
namespace {

std::string SmallestChange(const PlanContext& context, const Shortage& shortage,
                           bool streaming_fits) {
  if (streaming_fits) return "turn keep_resident off: streamed, the model fits";
  const uint64_t missing = shortage.missing_bytes();
  const std::string amount = FormatBytes(missing);
  const PlanOptions& options = context.options;
  const int index = context.topology.IndexOf(shortage.device);
  const Device& device = context.topology.devices[index];
  if (options.vram_limit_bytes &&
      *options.vram_limit_bytes + missing + options.reserve_vram_bytes <= device.free_bytes()) {
    return absl::StrCat("raise the VRAM limit by ", amount, " to ",
                        FormatBytes(*options.vram_limit_bytes + missing));
  }
  if (missing <= options.reserve_vram_bytes) {
    return absl::StrCat("lower reserve_vram by ", amount, " to ",
                        FormatBytes(options.reserve_vram_bytes - missing));
  }
  if (missing <= device.used_by_others_bytes) {
    return absl::StrCat("free ", amount, " of the ", FormatBytes(device.used_by_others_bytes),
                        " that others use on ", device.name);
  }
  return absl::StrCat("a device with ", amount, " more memory, or a smaller picture or batch");
}

}  // namespace

absl::Status Refusal(const PlanContext& context, const std::vector<Shortage>& shortages,
                     bool streaming_fits) {
  if (shortages.empty()) {
    return absl::InvalidArgumentError("placement: the mode needs more devices than there are");
  }
  const Shortage& least = *std::min_element(
      shortages.begin(), shortages.end(),
      [](const auto& a, const auto& b) { return a.missing_bytes() < b.missing_bytes(); });
  const Device& device = context.topology.devices[context.topology.IndexOf(least.device)];
  const ModelProfile& profile = context.profile;
  return absl::ResourceExhaustedError(
      absl::StrCat("placement: ", profile.model, " at ", profile.width, "x", profile.height,
                   " does not fit: ", least.device, " needs ", FormatBytes(least.needed_bytes),
                   " for ", least.what, " and has ", FormatBytes(least.usable_bytes), " (",
                   FormatBytes(device.free_bytes()), " free of ", FormatBytes(device.total_bytes),
                   ", reserve_vram ", FormatBytes(context.options.reserve_vram_bytes),
                   ", workspaces ", FormatBytes(profile.workspace_bytes),
                   "). Smallest change: ", SmallestChange(context, least, streaming_fits)));
}

}  // namespace hanga::placement
