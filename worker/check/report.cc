// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/check/report.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace hanga {
namespace {

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kSkipped:
      return "skipped";
  }
  return "";
}

}  // namespace

Outcome RunResult::outcome(bool strict) const {
  if (!unknown.empty()) return strict ? Outcome::kFailed : Outcome::kSkipped;
  const bool all = std::all_of(quantities.begin(), quantities.end(),
                               [](const Quantity& quantity) { return quantity.ok(); });
  return failure.ok() && all && !quantities.empty() ? Outcome::kPassed : Outcome::kFailed;
}

RunResult& Report::Add(std::string golden_case, std::string run, std::string subject) {
  results_.push_back({std::move(golden_case), std::move(run), std::move(subject), {}, {}, {}});
  return results_.back();
}

size_t Report::Count(Outcome outcome, bool strict) const {
  return static_cast<size_t>(
      std::count_if(results_.begin(), results_.end(),
                    [&](const RunResult& result) { return result.outcome(strict) == outcome; }));
}

std::string Report::Text(bool strict) const {
  std::string text;
  for (const RunResult& r : results_) {
    absl::StrAppend(&text, r.golden_case, r.run.empty() ? "" : " ", r.run,
                    r.subject.empty() ? "" : absl::StrCat(" with ", r.subject), ": ",
                    std::string(OutcomeName(r.outcome(strict))), "\n");
    if (!r.unknown.empty()) absl::StrAppend(&text, "    ", r.unknown, "\n");
    if (!r.failure.ok()) absl::StrAppend(&text, "    ", r.failure.ToString(), "\n");
    for (const Quantity& q : r.quantities) {
      absl::StrAppendFormat(&text, "    %-24s %10.3g of %.3g%s%s%s\n", q.name, q.error, q.tolerance,
                            q.unit.empty() ? "" : " ", q.unit, q.ok() ? "" : "  <-- FAILED");
    }
    if (r.unknown.empty() && r.failure.ok() && r.quantities.empty()) {
      absl::StrAppend(&text, "    nothing was compared\n");
    }
  }
  absl::StrAppend(&text, Count(Outcome::kPassed, strict), " passed, ",
                  Count(Outcome::kFailed, strict), " failed");
  const size_t skipped = Count(Outcome::kSkipped, strict);
  if (skipped > 0) absl::StrAppend(&text, ", ", skipped, " skipped");
  text += "\n";
  return text;
}

std::string Report::Json(bool strict) const {
  nlohmann::json runs = nlohmann::json::array();
  for (const RunResult& r : results_) {
    nlohmann::json quantities = nlohmann::json::array();
    for (const Quantity& q : r.quantities) {
      // JSON has no NaN or infinity.
      nlohmann::json error = std::isfinite(q.error) ? nlohmann::json(q.error) : nlohmann::json();
      quantities.push_back({{"name", q.name},
                            {"error", std::move(error)},
                            {"tolerance", q.tolerance},
                            {"unit", q.unit.empty() ? "relative_l2" : q.unit},
                            {"ok", q.ok()}});
    }
    nlohmann::json run = {{"case", r.golden_case},
                          {"run", r.run},
                          {"subject", r.subject},
                          {"outcome", std::string(OutcomeName(r.outcome(strict)))},
                          {"quantities", std::move(quantities)}};
    if (!r.failure.ok()) run["failure"] = std::string(r.failure.ToString());
    if (!r.unknown.empty()) run["unknown"] = r.unknown;
    runs.push_back(std::move(run));
  }
  const nlohmann::json report = {{"runs", std::move(runs)},
                                 {"passed", Count(Outcome::kPassed, strict)},
                                 {"failed", Count(Outcome::kFailed, strict)},
                                 {"skipped", Count(Outcome::kSkipped, strict)}};
  return report.dump(2) + "\n";
}

}  // namespace hanga
