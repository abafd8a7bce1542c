// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/profile.h"

#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace hanga::placement {
namespace {

absl::Status Bad(const std::string& where, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("profile: ", where, ": ", what));
}

bool IsAmount(double value) { return std::isfinite(value) && value >= 0; }

}  // namespace

uint64_t ModelProfile::StoredBytes(Phase phase) const {
  uint64_t bytes = 0;
  for (const BlockProfile& block : blocks) bytes += block.phase == phase ? block.stored_bytes : 0;
  return bytes;
}

uint64_t ModelProfile::RunBytes(Phase phase) const {
  uint64_t bytes = 0;
  for (const BlockProfile& block : blocks) bytes += block.phase == phase ? block.run_bytes : 0;
  return bytes;
}

absl::Status Validate(const ModelProfile& profile) {
  constexpr uint64_t kLargestBytes = uint64_t{1} << 50;
  if (profile.steps < 1) return Bad("steps", "must be at least 1");
  if (profile.batch < 1) return Bad("batch", "must be at least 1");
  if (profile.forwards_per_step < 1) return Bad("forwards_per_step", "must be at least 1");
  if (profile.workspace_bytes > kLargestBytes) return Bad("workspace_bytes", "is absurdly large");
  std::set<std::pair<std::string, std::string>> names;
  std::set<std::string> finished;
  std::string component;
  bool denoises = false;
  for (const BlockProfile& block : profile.blocks) {
    const std::string where = absl::StrCat("block \"", block.component, "/", block.name, "\"");
    if (block.name.empty() || block.component.empty()) {
      return Bad(where, "a block needs a name and a component");
    }
    if (!names.emplace(block.component, block.name).second) return Bad(where, "is given twice");
    if (block.component != component) {
      if (!finished.insert(block.component).second) {
        return Bad(where, "the blocks of a component must stand together");
      }
      component = block.component;
    }
    for (const uint64_t bytes : {block.stored_bytes, block.run_bytes, block.activation_bytes,
                                 block.boundary_bytes, block.exchange_bytes}) {
      if (bytes > kLargestBytes) return Bad(where, "a size is absurdly large");
    }
    if (!IsAmount(block.linear_flops) || !IsAmount(block.attention_flops)) {
      return Bad(where, "flops must be 0 or more");
    }
    for (const auto& [device, seconds] : block.measured_seconds) {
      if (!IsAmount(seconds))
        return Bad(where, absl::StrCat("measured_seconds of \"", device, "\" must be 0 or more"));
    }
    denoises = denoises || block.phase == Phase::kDenoiser;
  }
  if (!denoises) return Bad("blocks", "none belongs to the denoiser");
  return absl::OkStatus();
}

std::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kTextEncoder:
      return "text_encoder";
    case Phase::kDenoiser:
      return "denoiser";
    case Phase::kVae:
      return "vae";
  }
  return "";
}

ModelProfile WithFp8Denoiser(const ModelProfile& profile) {
  ModelProfile fp8 = profile;
  for (BlockProfile& block : fp8.blocks) {
    if (block.phase != Phase::kDenoiser || block.precision != Precision::kFp16) continue;
    block.precision = Precision::kFp8;
    block.stored_bytes /= 2;
    block.run_bytes /= 2;
    block.measured_seconds.clear();  // they were measured with the other weights
  }
  return fp8;
}

}  // namespace hanga::placement
