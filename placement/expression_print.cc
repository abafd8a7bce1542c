// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "placement/expression.h"

namespace hanga::placement {
namespace {

std::string Print(const Quota& quota) {
  switch (quota.kind) {
    case Quota::Kind::kBytes:
      return absl::StrCat(quota.bytes, "b", quota.at_most ? "*" : "");
    case Quota::Kind::kPercentOfModel:
      return absl::StrFormat("%.15f%%", quota.value);
    case Quota::Kind::kFractionOfDevice:
      return absl::StrFormat("%.17f", quota.value);
    case Quota::Kind::kPercentOfFree:
      return absl::StrFormat("%.15f%%free", quota.value);
    case Quota::Kind::kFreeLess:
      return absl::StrCat("free-", quota.bytes, "b");
    case Quota::Kind::kRest:
      return "*";
  }
  return "";
}

const char* Print(Position position) {
  switch (position) {
    case Position::kInOrder:
      return "";
    case Position::kFirst:
      return ",first";
    case Position::kLast:
      return ",last";
    case Position::kSpread:
      return ",spread";
  }
  return "";
}

const char* SectionName(Phase phase) {
  switch (phase) {
    case Phase::kDenoiser:
      return "unet";
    case Phase::kTextEncoder:
      return "clip";
    case Phase::kVae:
      return "vae";
  }
  return "";
}

std::string Print(const ExpressionSection& section) {
  std::vector<std::string> items;
  for (const Pin& pin : section.pins) items.push_back(pin.pattern + "@" + pin.device.name);
  for (const Allocation& a : section.allocations) {
    items.push_back(absl::StrCat(a.device.name, ",", Print(a.quota), Print(a.position)));
  }
  if (section.virtual_vram) {
    items.push_back(absl::StrCat("virtual_vram=", section.virtual_vram->bytes, "b"));
  }
  const auto& donors = section.virtual_vram ? section.virtual_vram->donors : section.donors;
  if (!donors.empty()) {
    items.push_back(absl::StrCat(
        "donors=",
        absl::StrJoin(donors, ",", [](auto* out, const auto& d) { out->append(d.name); })));
  }
  if (section.compute) items.push_back("compute=" + section.compute->name);
  if (section.compute_local) items.push_back("compute=local");
  return absl::StrCat(SectionName(section.phase), ":", absl::StrJoin(items, ";"));
}

// "[0-3,7]" against the digits at the start of `name`; npos: no match, else how many digits.
size_t MatchNumber(std::string_view set, std::string_view name) {
  size_t digits = 0;
  uint64_t number = 0;
  constexpr size_t kLongest = 9;
  while (digits < name.size() && digits < kLongest && name[digits] >= '0' && name[digits] <= '9') {
    number = number * 10 + (name[digits++] - '0');
  }
  if (digits == 0) return std::string_view::npos;
  size_t at = 0;
  const auto read = [&](uint64_t* value) {
    const size_t start = at;
    for (*value = 0; at < set.size() && set[at] >= '0' && set[at] <= '9'; ++at) {
      *value = at - start < kLongest ? *value * 10 + (set[at] - '0') : *value;
    }
    return at > start;
  };
  while (at < set.size()) {
    uint64_t low = 0, high = 0;
    if (!read(&low)) return std::string_view::npos;
    high = low;
    if (at < set.size() && set[at] == '-') {
      ++at;
      if (!read(&high)) return std::string_view::npos;
    }
    if (low <= number && number <= high) return digits;
    if (at < set.size() && set[at] == ',') ++at;
  }
  return std::string_view::npos;
}

}  // namespace

std::vector<DeviceRef> DevicesOf(const Expression& expression) {
  std::vector<DeviceRef> devices;
  for (const ExpressionSection& section : expression.sections) {
    for (const Allocation& allocation : section.allocations) devices.push_back(allocation.device);
    for (const Pin& pin : section.pins) devices.push_back(pin.device);
    const auto& donors = section.virtual_vram ? section.virtual_vram->donors : section.donors;
    devices.insert(devices.end(), donors.begin(), donors.end());
    if (section.compute) devices.push_back(*section.compute);
  }
  return devices;
}

std::string PrintExpression(const Expression& expression) {
  return absl::StrJoin(expression.sections, "|",
                       [](std::string* out, const auto& section) { out->append(Print(section)); });
}

// Backtracks to the last star only, so the time is the product of the lengths at most.
bool MatchesPattern(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, star_name = 0;
  while (true) {
    if (p == pattern.size() && n == name.size()) return true;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++, star_name = n;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '[') {
      const size_t close = pattern.find(']', p);
      const bool after_name = p > 0 && pattern[p - 1] != '.' && pattern[p - 1] != '*';
      const size_t dot = after_name && n < name.size() && name[n] == '.' ? 1 : 0;
      const size_t digits =
          close == std::string_view::npos || n >= name.size()
              ? std::string_view::npos
              : MatchNumber(pattern.substr(p + 1, close - p - 1), name.substr(n + dot));
      if (digits != std::string_view::npos) {
        p = close + 1, n += dot + digits;
        continue;
      }
    } else if (p < pattern.size() && n < name.size() && pattern[p] == name[n]) {
      ++p, ++n;
      continue;
    }
    if (star == std::string_view::npos || star_name >= name.size()) return false;
    p = star + 1, n = ++star_name;
  }
}

}  // namespace hanga::placement
