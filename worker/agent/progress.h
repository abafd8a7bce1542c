// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "hanga/v1/worker_link_service.pb.h"

namespace hanga {

// How far one task is: makes its updates, and adds up the seconds of its stages. Not thread-safe.
class Progress {
 public:
  // At most one update each `interval` while it is denoising.
  Progress(v1::AttemptRef attempt, int steps, absl::Time now, absl::Duration interval);

  v1::TaskUpdate Enter(v1::TaskStage stage, absl::Time now);
  // As many as there turn out to be: fewer from a picture, more with a second pass.
  void SetSteps(int steps) { steps_ = steps; }
  // After a denoising step; nothing if the last update is too young.
  std::optional<v1::TaskUpdate> Stepped(int step, absl::Duration step_time, absl::Time now);

  // The newest update with a sentence for the job's history.
  v1::TaskUpdate Note(std::string note) const;

  // Seconds until now, by stage: "queue", "load", "encode", "denoise", "decode", "save".
  std::map<std::string, double> StageSeconds(absl::Time now) const;

 private:
  v1::TaskUpdate Update() const;

  const v1::AttemptRef attempt_;
  int steps_;
  const absl::Duration interval_;
  v1::TaskStage stage_ = v1::TASK_STAGE_QUEUED;
  absl::Time stage_start_;
  std::map<v1::TaskStage, absl::Duration> finished_;
  int step_ = 0;
  absl::Duration step_time_, mean_step_time_;
  absl::Time last_update_ = absl::InfinitePast();
};

}  // namespace hanga
