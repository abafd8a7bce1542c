// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// `hanga plan` without its command line: texts in, text out.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "placement/planner.h"

namespace hanga::placement {

enum class PlanFormat { kText, kJson, kSvg };

struct RunPlanOptions {
  std::string profile_json;   // what `hanga-worker describe` prints
  std::string topology_toml;  // a rig.toml
  PlanOptions plan;
  PlanFormat format = PlanFormat::kText;
  int columns = 100;     // of the terminal
  bool what_ifs = true;  // also plan with more memory, NVLink and fp8
};

// Errors are those of the parsers and of MakePlan.
absl::StatusOr<std::string> RunPlan(const RunPlanOptions& options);

}  // namespace hanga::placement
