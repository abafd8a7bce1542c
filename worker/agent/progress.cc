// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/progress.h"

#include <utility>

#include "google/protobuf/util/time_util.h"

namespace hanga {
namespace {

google::protobuf::Duration ToProto(absl::Duration duration) {
  return google::protobuf::util::TimeUtil::NanosecondsToDuration(
      absl::ToInt64Nanoseconds(duration));
}

const char* NameOf(v1::TaskStage stage) {
  switch (stage) {
    case v1::TASK_STAGE_LOADING:
      return "load";
    case v1::TASK_STAGE_ENCODING:
      return "encode";
    case v1::TASK_STAGE_DENOISING:
      return "denoise";
    case v1::TASK_STAGE_DECODING:
      return "decode";
    case v1::TASK_STAGE_SAVING:
      return "save";
    default:
      return "queue";
  }
}

}  // namespace

Progress::Progress(v1::AttemptRef attempt, int steps, absl::Time now, absl::Duration interval)
    : attempt_(std::move(attempt)), steps_(steps), interval_(interval), stage_start_(now) {}

v1::TaskUpdate Progress::Enter(v1::TaskStage stage, absl::Time now) {
  finished_[stage_] += now - stage_start_;
  stage_ = stage;
  stage_start_ = last_update_ = now;
  return Update();
}

std::optional<v1::TaskUpdate> Progress::Stepped(int step, absl::Duration step_time,
                                                absl::Time now) {
  step_ = step;
  step_time_ = step_time;
  mean_step_time_ = mean_step_time_ == absl::ZeroDuration()
                        ? step_time
                        : 0.75 * mean_step_time_ + 0.25 * step_time;
  if (now - last_update_ < interval_) return std::nullopt;
  last_update_ = now;
  return Update();
}

v1::TaskUpdate Progress::Note(std::string note) const {
  v1::TaskUpdate update = Update();
  update.set_note(std::move(note));
  return update;
}

v1::TaskUpdate Progress::Update() const {
  v1::TaskUpdate update;
  *update.mutable_attempt() = attempt_;
  update.set_stage(stage_);
  update.set_step(step_);
  update.set_steps(steps_);
  if (step_time_ > absl::ZeroDuration()) {
    *update.mutable_step_time() = ToProto(step_time_);
    *update.mutable_remaining() = ToProto(mean_step_time_ * (steps_ - step_));
  }
  return update;
}

std::map<std::string, double> Progress::StageSeconds(absl::Time now) const {
  std::map<std::string, double> seconds;
  for (const auto& [stage, duration] : finished_) {
    seconds[NameOf(stage)] += absl::ToDoubleSeconds(duration);
  }
  seconds[NameOf(stage_)] += absl::ToDoubleSeconds(now - stage_start_);
  return seconds;
}

}  // namespace hanga
