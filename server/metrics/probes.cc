// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/probes.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace hanga {
namespace {

// "loads models/flux for 12 s, 3.1 of 23.8 GB".
std::string Describe(const v1::LoadProgress& loading) {
  return absl::StrFormat("loads %s for %.0f s, %.1f of %.1f GB", loading.model(), loading.seconds(),
                         static_cast<double>(loading.bytes()) / 1e9,
                         static_cast<double>(loading.expected_bytes()) / 1e9);
}

}  // namespace

HttpAnswer Liveness(const Measures& measures, const CanaryMeasures& canary, bool pool_answers) {
  if (measures.since_last_round > kLongestRound) {
    return {.code = 503,
            .text = absl::StrCat("the dispatcher has made no round for ",
                                 absl::FormatDuration(measures.since_last_round), "\n")};
  }
  if (canary.unanswered > kLongestRound) {
    return {.code = 503,
            .text = absl::StrCat("the canary's submit has had no answer for ",
                                 absl::FormatDuration(canary.unanswered), "\n")};
  }
  if (!pool_answers) return {.code = 503, .text = "the threads of calls do not answer\n"};
  return {.text = "ok\n"};
}

HttpAnswer Readiness(const Measures& measures, bool stopping) {
  HttpAnswer answer;
  answer.code = measures.workers_ready > 0 && !stopping ? 200 : 503;
  answer.text = absl::StrCat(stopping ? "stopping: " : "", measures.workers_ready, " of ",
                             measures.workers_in_all, " workers take tasks\n");
  for (const WorkerMeasures& worker : measures.workers) {
    const std::string state = v1::WorkerState_Name(worker.state);
    absl::StrAppend(&answer.text, worker.id, ": ",
                    absl::AsciiStrToLower(absl::StripPrefix(state, "WORKER_STATE_")),
                    worker.usable ? "" : ", takes no tasks yet");
    if (!worker.examines.empty()) {
      absl::StrAppend(&answer.text, ", examines ", absl::StrJoin(worker.examines, ", "));
    }
    if (worker.stats.has_loading()) {
      absl::StrAppend(&answer.text, ", ", Describe(worker.stats.loading()));
    }
    if (!worker.problem.empty()) absl::StrAppend(&answer.text, ": ", worker.problem);
    answer.text.push_back('\n');
  }
  return answer;
}

}  // namespace hanga
