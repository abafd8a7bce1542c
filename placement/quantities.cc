// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/quantities.h"

#include <cctype>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace hanga::placement {
namespace {

constexpr double kLargestBytes = 1e18;

std::string ThreeDigits(double value, const char* unit) {
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return absl::StrFormat("%.*f %s", decimals, value, unit);
}

}  // namespace

std::string FormatBytes(uint64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (bytes >= kGiB) return ThreeDigits(value / kGiB, "GiB");
  if (bytes >= kMiB) return ThreeDigits(value / kMiB, "MiB");
  if (bytes >= kKiB) return ThreeDigits(value / kKiB, "KiB");
  return absl::StrCat(bytes, " B");
}

std::string FormatSeconds(double seconds) {
  if (seconds >= 1) return ThreeDigits(seconds, "s");
  if (seconds >= 1e-3) return ThreeDigits(seconds * 1e3, "ms");
  return ThreeDigits(seconds * 1e6, "us");
}

std::string FormatBandwidth(double bytes_per_second) {
  return ThreeDigits(bytes_per_second / 1e9, "GB/s");
}

uint64_t UnitBytes(std::string_view unit) {
  const std::string lower = absl::AsciiStrToLower(absl::string_view(unit.data(), unit.size()));
  if (lower == "b") return 1;
  if (lower == "k" || lower == "kb" || lower == "kib") return kKiB;
  if (lower == "m" || lower == "mb" || lower == "mib") return kMiB;
  if (lower == "g" || lower == "gb" || lower == "gib") return kGiB;
  if (lower == "t" || lower == "tb" || lower == "tib") return kGiB << 10;
  return 0;
}

absl::StatusOr<uint64_t> ParseByteSize(std::string_view input) {
  const absl::string_view text(input.data(), input.size());
  const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
  size_t digits = 0;
  while (digits < trimmed.size() &&
         (std::isdigit(static_cast<unsigned char>(trimmed[digits])) || trimmed[digits] == '.')) {
    ++digits;
  }
  double number = 0;
  if (digits == 0 || !absl::SimpleAtod(trimmed.substr(0, digits), &number)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not a size; expected a number and a unit such as 2.5gb"));
  }
  const absl::string_view unit = absl::StripAsciiWhitespace(trimmed.substr(digits));
  if (unit.empty()) {
    if (number == 0) return 0;
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" has no unit; did you mean ", trimmed, "gb?"));
  }
  const uint64_t factor = UnitBytes({unit.data(), unit.size()});
  if (factor == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", unit, "\" is not a unit; expected b, kb, mb, gb or tb"));
  }
  const double bytes = number * static_cast<double>(factor);
  if (!(bytes < kLargestBytes)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is more than any machine has"));
  }
  return static_cast<uint64_t>(std::llround(bytes));
}

}  // namespace hanga::placement
