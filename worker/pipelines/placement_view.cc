// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/placement_view.h"

namespace hanga {

PlacementView ViewOf(const placement::Plan& plan) {
  constexpr int kColumns = 100;
  PlacementView view;
  view.plan_json = placement::PrintPlanJson(plan);
  view.table = placement::RenderPlanText(plan, kColumns);
  view.peak_bytes = plan.groups.front().ranks.front().peak_bytes;
  view.width = plan.width;
  view.height = plan.height;
  view.step_seconds = plan.groups.front().prediction.step_seconds;
  return view;
}

}  // namespace hanga
