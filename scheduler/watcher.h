// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One subscription: what its reader has taken last, and whether it has been told of more.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "scheduler/job_watch.h"
#include "scheduler/records.h"

namespace hanga {

class Core;

// As JobWatch; its fields are under the scheduler's lock.
class Watcher final : public JobWatch {
 public:
  Watcher(Core& core, JobId id, uint64_t after_sequence, bool previews, std::function<void()> wake)
      : core_(core), id_(id), taken_(after_sequence), previews_(previews), wake_(std::move(wake)) {}
  ~Watcher() override;

  std::optional<v1::WatchJobResponse> Take() override;
  v1::WatchJobResponse Peek() override;

 private:
  friend class Core;

  Core& core_;
  const JobId id_;
  uint64_t taken_;  // sequence
  const bool previews_;
  const std::function<void()> wake_;
  bool told_ = false;  // of something newer than it has taken
  uint64_t taken_preview_ = 0;
};

}  // namespace hanga
