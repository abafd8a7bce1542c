// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/probes.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace hanga {

HttpAnswer Liveness(const Measures& measures, bool pool_answers) {
  if (measures.since_last_round > kLongestRound) {
    return {.code = 503,
            .text = absl::StrCat("the dispatcher has made no round for ",
                                 absl::FormatDuration(measures.since_last_round), "\n")};
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
                    worker.usable ? "" : ", takes no tasks yet", "\n");
  }
  return answer;
}

}  // namespace hanga
