// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/progress_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

constexpr int kShortestBar = 10, kLongestBar = 40;

// Where the server has no prediction, the pace so far stands in for it.
std::optional<absl::Duration> Remaining(const v1::Job& job, const JobProgress& progress) {
  std::optional<absl::Duration> longest;
  for (const v1::TaskProgress& task : job.tasks()) {
    if (task.stage() == v1::TASK_STAGE_DONE) continue;
    if (!task.has_remaining()) {
      if (progress.steps_done == 0) return std::nullopt;
      return progress.elapsed * ((1 - progress.fraction) / progress.fraction);
    }
    longest = std::max(longest.value_or(absl::ZeroDuration()), ToDuration(task.remaining()));
  }
  return longest;
}

// What the job does before and after its steps.
std::string Stage(const v1::Job& job) {
  if (job.state() != v1::JOB_STATE_RUNNING) return StateText(job.state());
  v1::TaskStage furthest = v1::TASK_STAGE_QUEUED;
  for (const v1::TaskProgress& task : job.tasks()) {
    if (task.stage() != v1::TASK_STAGE_DONE) furthest = std::max(furthest, task.stage());
  }
  return furthest == v1::TASK_STAGE_LOADING ? "loading the model" : StateText(furthest);
}

std::string QueueText(const v1::Job& job, absl::Time now) {
  std::string text = "queued";
  if (job.has_queue_position()) absl::StrAppend(&text, ", ", job.queue_position(), " ahead");
  if (job.has_predicted_start_time()) {
    absl::StrAppend(&text, ", starts in about ",
                    ClockText(ToTime(job.predicted_start_time()) - now));
  }
  return text;
}

std::string Bar(double fraction, int width) {
  const int cells = width - 2;
  const int filled = std::clamp(static_cast<int>(fraction * cells), 0, cells);
  std::string bar(filled, '=');
  if (filled < cells) bar += '>';
  bar.resize(cells, ' ');
  return "[" + bar + "]";
}

}  // namespace

JobProgress Progress(const v1::Job& job, absl::Time now) {
  JobProgress progress;
  progress.images = std::max<uint32_t>(job.tasks_size(), job.spec().num_images());
  for (const v1::TaskProgress& task : job.tasks()) {
    const uint32_t steps = std::max(task.steps(), job.spec().steps());
    const bool done = task.stage() == v1::TASK_STAGE_DONE;
    progress.images_done += done;
    progress.steps += steps;
    progress.steps_done += done ? steps : std::min(task.step(), steps);
  }
  if (!job.cached_from().empty()) progress.images_done = job.artifacts_size();
  // A job that waits for its model to be examined has no tasks yet.
  if (job.tasks().empty()) progress.steps = uint64_t{job.spec().steps()} * progress.images;
  if (progress.steps > 0) progress.fraction = 1.0 * progress.steps_done / progress.steps;
  if (job.has_start_time()) {
    const absl::Time end = job.has_end_time() ? ToTime(job.end_time()) : now;
    progress.elapsed = std::max(absl::ZeroDuration(), end - ToTime(job.start_time()));
  }
  progress.remaining = Remaining(job, progress);
  return progress;
}

std::string BarLine(const v1::Job& job, absl::Time now, int width) {
  const std::string head = ResourceId(job.name()) + "  ";
  std::string tail;
  if (job.state() == v1::JOB_STATE_QUEUED) {
    return (head + QueueText(job, now)).substr(0, std::max(0, width));
  }
  const JobProgress progress = Progress(job, now);
  absl::StrAppendFormat(&tail, "%3.0f%%  ", progress.fraction * 100);
  if (progress.images > 1) {
    absl::StrAppend(&tail, "images ", progress.images_done, "/", progress.images, "  ");
  }
  absl::StrAppend(&tail, "steps ", progress.steps_done, "/", progress.steps, "  ", Stage(job), "  ",
                  ClockText(progress.elapsed), " elapsed");
  if (progress.remaining) absl::StrAppend(&tail, ", ", ClockText(*progress.remaining), " left");
  const int room = width - static_cast<int>(head.size() + tail.size()) - 2;
  std::string line = head;
  if (room >= kShortestBar) line += Bar(progress.fraction, std::min(room, kLongestBar)) + "  ";
  return (line + tail).substr(0, std::max(0, width));
}

std::string PlainLine(const v1::Job& job, absl::Time now) {
  if (job.state() == v1::JOB_STATE_QUEUED) return job.name() + " " + QueueText(job, now);
  const JobProgress progress = Progress(job, now);
  std::string line =
      absl::StrCat(job.name(), " ", StateText(job.state()), ": images ", progress.images_done, "/",
                   progress.images, ", steps ", progress.steps_done, "/", progress.steps, ", ",
                   ClockText(progress.elapsed), " elapsed");
  if (progress.remaining) absl::StrAppend(&line, ", ", ClockText(*progress.remaining), " left");
  return line;
}

}  // namespace hanga::cli
