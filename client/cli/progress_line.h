// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A job's progress as one line of text.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "hanga/v1/job.pb.h"

namespace hanga::cli {

// What a job's tasks add up to.
struct JobProgress {
  uint32_t images_done = 0, images = 0;
  uint64_t steps_done = 0, steps = 0;  // over all images
  double fraction = 0;                 // of the steps, 0 to 1
  absl::Duration elapsed;              // since its start
  std::optional<absl::Duration> remaining;
};

JobProgress Progress(const v1::Job& job, absl::Time now);

// "3f2a  [=====>    ]  50%  images 1/4  steps 40/80  0:12 elapsed, 0:12 left", with a bar of what
// `width` columns leave for it; never longer than `width`.
std::string BarLine(const v1::Job& job, absl::Time now, int width);

// The same without a bar, for logs: "jobs/3f2a running: image 1/4, steps 40/80, 0:12 left".
std::string PlainLine(const v1::Job& job, absl::Time now);

}  // namespace hanga::cli
