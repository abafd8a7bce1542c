// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/expression_quota.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "placement/quantities.h"

namespace hanga::placement {
namespace {

constexpr double kLargestBytes = 1e18;

// "2,5gb" is a decimal comma, not 2 bytes and something else.
void RefuseDecimalComma(int start, const std::string& spelling, ExpressionCursor* cursor) {
  const int here = cursor->offset();
  if (cursor->Take(',') && cursor->Peek() >= '0' && cursor->Peek() <= '9') {
    const std::string rest(cursor->Ahead(",;|#"));
    cursor->Fail(start, "a decimal point, not a comma", absl::StrCat(spelling, ".", rest));
  }
  cursor->Rewind(here);
}

}  // namespace

uint64_t ToBytes(double number, const std::string& unit, int unit_at, ExpressionCursor* cursor) {
  const uint64_t factor = UnitBytes(unit);
  if (factor == 0) {
    cursor->Fail(unit_at, "a unit: b, kb, mb, gb or tb", unit[0] == 'g' ? "gb" : "");
    return 0;
  }
  const double bytes = number * static_cast<double>(factor);
  if (!(bytes < kLargestBytes)) {
    cursor->Fail(unit_at, "less than any machine has");
    return 0;
  }
  return static_cast<uint64_t>(std::llround(bytes));
}

uint64_t ParseSize(ExpressionCursor* cursor) {
  double number = 0;
  std::string spelling;
  if (!cursor->Number(&number, &spelling)) return 0;
  const int unit_at = cursor->offset();
  const std::string unit = cursor->UnitLetters();
  if (unit.empty()) {
    cursor->Fail(unit_at, "a unit: b, kb, mb, gb or tb", spelling + "gb");
    return 0;
  }
  return ToBytes(number, unit, unit_at, cursor);
}

// quota := "*" | number unit ["*"] | number "%" ["free"] | fraction | "free" ["-" number unit]
Quota ParseQuota(ExpressionCursor* cursor) {
  Quota quota;
  cursor->SkipSpace();
  const int start = cursor->offset();
  if (cursor->Take('*')) return quota;
  if (cursor->Peek() == 'f' || cursor->Peek() == 'F') {
    if (cursor->Word() != "free") cursor->Fail(start, "a size, a share, \"free\" or \"*\"");
    quota.kind = Quota::Kind::kFreeLess;
    if (cursor->Take('-')) quota.bytes = ParseSize(cursor);
    return quota;
  }
  if (cursor->Peek() == '-') cursor->Fail(start, "a size that is not negative");
  std::string spelling;
  if (!cursor->ok() || !cursor->Number(&quota.value, &spelling)) {
    return quota;
  }
  if (cursor->Take('%')) {
    quota.kind = Quota::Kind::kPercentOfModel;
    if (quota.value > 100) cursor->Fail(start, "at most 100 %", "100%");
    cursor->SkipSpace();
    const std::string_view rest = cursor->Ahead(",;|#");
    if (rest.substr(0, 4) == "free" && cursor->Word() == "free") {
      quota.kind = Quota::Kind::kPercentOfFree;
    }
    return quota;
  }
  const int unit_at = cursor->offset();
  const std::string unit = cursor->UnitLetters();
  if (unit.empty()) {
    RefuseDecimalComma(start, spelling, cursor);
    quota.kind = Quota::Kind::kFractionOfDevice;
    if (quota.value > 1) {
      cursor->Fail(start, "a unit (2gb), a percentage (2%) or a fraction up to 1", spelling + "gb");
    }
    return quota;
  }
  quota.kind = Quota::Kind::kBytes;
  quota.bytes = ToBytes(quota.value, unit, unit_at, cursor);
  quota.value = 0;
  quota.at_most = cursor->Take('*');
  return quota;
}

}  // namespace hanga::placement
