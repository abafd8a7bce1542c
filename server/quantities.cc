// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/quantities.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
namespace hanga {
namespace {

struct Unit {
  absl::string_view suffix;
  uint64_t bytes;
};

constexpr Unit kByteUnits[] = {
    {"KiB", uint64_t{1} << 10},
    {"MiB", uint64_t{1} << 20},
    {"GiB", uint64_t{1} << 30},
    {"TiB", uint64_t{1} << 40},
    {"kB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
    {"B", 1},
    {"", 1},
};

}  // namespace

bool ParseTimeSpan(absl::string_view text, absl::Duration* duration) {
  absl::Duration days;
  // Abseil knows no days, and takes a bare zero.
  if (const size_t d = text.find('d'); d != absl::string_view::npos) {
    double count = 0;
    if (!absl::SimpleAtod(text.substr(0, d), &count)) return false;
    days = count * absl::Hours(24);
    text.remove_prefix(d + 1);
    if (text.empty()) text = "0s";
  }
  if (text.empty() || text == "0") return false;
  absl::Duration rest;
  if (!absl::ParseDuration(text, &rest)) return false;
  *duration = days + rest;
  return *duration >= absl::ZeroDuration();
}

bool ParseByteSize(absl::string_view text, uint64_t* bytes) {
  for (const Unit& unit : kByteUnits) {
    if (!absl::EndsWith(text, unit.suffix)) continue;
    absl::string_view digits = text.substr(0, text.size() - unit.suffix.size());
    digits = absl::StripTrailingAsciiWhitespace(digits);
    uint64_t count = 0;
    if (!absl::SimpleAtoi(digits, &count)) return false;
    constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (count > kMost / unit.bytes) return false;
    *bytes = count * unit.bytes;
    return true;
  }
  return false;
}

}  // namespace hanga
