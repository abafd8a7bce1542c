// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/quantities.h"

#include <limits>

#include "absl/strings/numbers.h"
#include "placement/quantities.h"

namespace hanga {

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
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (absl::SimpleAtoi(text, bytes)) return *bytes <= kMost;
  const auto parsed = placement::ParseByteSize({text.data(), text.size()});
  if (!parsed.ok() || *parsed > kMost) return false;
  *bytes = *parsed;
  return true;
}

}  // namespace hanga
