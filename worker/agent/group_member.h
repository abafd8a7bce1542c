// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// This worker's place in a group of workers, as the scheduler gives and takes it.
//
//   alone ── SetGroup ──▶ meeting ── all ranks met ──▶ leads, or follows
//     ▲                      │ not met                    │ SetGroup, a rank lost
//     └──────── left ◀───────┴────────────────────────────┘
//
// Whatever ends a group but the scheduler's word is reported to it. A group that is left takes its
// models and their tasks along.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "worker/agent/engine.h"
#include "worker/agent/model_book.h"
#include "worker/agent/outbox.h"
#include "worker/agent/step_loop.h"
#include "worker/pipelines/group.h"

namespace hanga {

// Thread-safe. A thread of its own meets the others; of a rank that follows it owns the device's
// compute, as the step loop has nothing to do then.
class GroupMember {
 public:
  // All outlive it. `on_left` is called, by that thread, when the worker is alone again.
  GroupMember(const Engine* engine, ModelBook* book, Outbox* outbox, StepLoop* loop,
              std::function<void()> on_left);
  ~GroupMember() { Stop(); }

  // Returns at once.
  void Set(v1::SetGroup place);
  void Stop();

  bool follows() const;  // so that it takes no tasks
  size_t size() const;   // of the group that it leads; 1: none

 private:
  void Run();
  void TakePlace(const v1::SetGroup& place);
  bool Began(std::shared_ptr<Group> group, uint64_t number);
  void Report(uint64_t number, const absl::Status& status, int suspect);
  absl::StatusOr<Group::Deployed> Find(const std::string& deployment) const;

  const Engine& engine_;
  ModelBook& book_;
  Outbox& outbox_;
  StepLoop& loop_;
  const std::function<void()> on_left_;

  mutable absl::Mutex mutex_;
  v1::SetGroup wanted_ ABSL_GUARDED_BY(mutex_);
  bool changed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Group> group_ ABSL_GUARDED_BY(mutex_);  // met
  std::thread thread_;  // begins with the first place; started under the lock
};

}  // namespace hanga
