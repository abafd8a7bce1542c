// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How long a plan of FLUX.1-dev takes to make, for rigs of one to eight GPUs of every size. Prints
// one JSON object: processor time, the best of a few runs.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "placement/planner.h"
#include "tests/placement/flux_profile.h"
#include "tests/placement/test_rig.h"

namespace {

constexpr int kRuns = 5;

double PlanMilliseconds(const hanga::placement::Topology& rig) {
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const std::clock_t begin = std::clock();
    const auto plan = hanga::placement::MakePlan(hanga::placement::FluxProfile(), rig, {});
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (plan.ok()) best = std::min(best, seconds * 1e3);
  }
  return best;
}

}  // namespace

int main() {
  nlohmann::ordered_json figures;
  double worst = 0;
  for (const int gpus : {1, 2, 4, 8}) {
    for (const int gib : {8, 12, 16, 20, 24, 48, 80}) {
      const double ms =
          PlanMilliseconds(hanga::placement::TestRig(gpus, gib * hanga::placement::kGiB, 12e9));
      figures[absl::StrCat("plan_", gpus, "x", gib, "gib_ms")] = ms;
      worst = std::max(worst, ms);
    }
  }
  figures["worst_plan_ms"] = worst;
  std::printf("%s\n", figures.dump().c_str());
}
