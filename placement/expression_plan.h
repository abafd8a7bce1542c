// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A plan for an allocation expression: the user says where blocks live, Hanga how they travel.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "placement/candidates.h"
#include "placement/plan_context.h"

namespace hanga::placement {

struct ExpressionOutcome {
  Candidate candidate;  // one group, or shortages
  std::vector<QuotaReport> quotas;
  std::vector<std::string> notes;
};

// `devices`: those the deployment may use; others in the expression are refused.
absl::StatusOr<ExpressionOutcome> PlanExpression(const PlanContext& context,
                                                 const std::vector<int>& devices);

}  // namespace hanga::placement
