// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/run_plan.h"

namespace hanga::placement {

absl::StatusOr<std::string> RunPlan(const RunPlanOptions& options) {
  const auto profile = ParseProfile(options.profile_json);
  if (!profile.ok()) return profile.status();
  const auto topology = ParseTopology(options.topology_toml);
  if (!topology.ok()) return topology.status();
  auto plan = MakePlan(*profile, *topology, options.plan);
  if (!plan.ok()) return plan.status();
  if (options.what_ifs) plan->what_ifs = MakeWhatIfs(*profile, *topology, options.plan, *plan);
  switch (options.format) {
    case PlanFormat::kJson:
      return PrintPlanJson(*plan) + "\n";
    case PlanFormat::kSvg:
      return RenderPlanSvg(*plan);
    case PlanFormat::kText:
      break;
  }
  return RenderPlanText(*plan, options.columns);
}

}  // namespace hanga::placement
