// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A job's timeline in Chrome's trace format, which Perfetto (ui.perfetto.dev) opens: a track for
// the job's states, one for each image's attempts, one for its stages and steps.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "hanga/v1/job.pb.h"

namespace hanga::cli {

// Not thread-safe.
class JobTrace {
 public:
  // One look at the job: what has changed since the last one has happened in between. Looks must
  // come in the order of `now`.
  void See(const v1::Job& job, absl::Time now);

  // The whole document. `job` as GetJob gives it: its history adds states and attempts that no
  // look saw.
  std::string ToChromeJson(const v1::Job& job) const;

 private:
  struct Span {
    std::string name;
    uint32_t track = 0;
    absl::Time begin, end;
    std::string worker;
  };
  struct Image {  // as it was seen last
    v1::TaskStage stage = v1::TASK_STAGE_UNSPECIFIED;
    uint32_t step = 0;
    uint32_t attempt = 0;
    std::string worker;
    absl::Time stage_begin, step_begin;
  };

  void SeeTask(const v1::TaskProgress& task, absl::Time now);

  std::vector<Span> spans_;
  std::map<uint32_t, Image> images_;  // by index
};

}  // namespace hanga::cli
