// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a check found: for each run of each case, how far each quantity is from the reference.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace hanga {

enum class Outcome { kPassed, kFailed, kSkipped };

// One compared thing. The error is relative (L2) unless the unit says otherwise.
struct Quantity {
  std::string name;
  double error = 0, tolerance = 0;
  std::string unit;  // "", "levels", "strings"

  bool ok() const { return error <= tolerance; }  // NaN is not
};

// One run of a case with one set of files.
struct RunResult {
  std::string golden_case, run;
  std::string subject;  // what was run: a component's folder or file
  std::vector<Quantity> quantities;
  absl::Status failure;  // it could not be run
  std::string unknown;   // why it is not ours to run; empty if it is

  Outcome outcome(bool strict) const;
};

// Results keep their addresses. Not thread-safe.
class Report {
 public:
  RunResult& Add(std::string golden_case, std::string run, std::string subject);

  const std::list<RunResult>& results() const { return results_; }
  size_t Count(Outcome outcome, bool strict) const;

  // One line a quantity, closing with "N passed, N failed" and how many were skipped, if any.
  std::string Text(bool strict) const;
  std::string Json(bool strict) const;

 private:
  std::list<RunResult> results_;
};

}  // namespace hanga
