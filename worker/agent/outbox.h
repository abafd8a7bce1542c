// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the worker owes the scheduler. The link pulls one message after another from it, so that a
// slow connection gets the newest progress only, and a new connection gets again whatever was not
// acknowledged.
//
//   Hold ── Update* ── Finish | Checkpoint ── (pieces, result) ── Forget, at the verdict
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "worker/agent/attempt.h"

namespace hanga {

// Thread-safe. `wake` is called, by any thread and without a lock held, when there may be something
// new to send.
class Outbox {
 public:
  explicit Outbox(std::function<void()> wake = {}) : wake_(std::move(wake)) {}
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }  // before any thread

  // Begins a task. False if this attempt is held already.
  bool Hold(const v1::AttemptRef& attempt);
  // Replaces the task's update that is not sent yet; a preview and notes in it are kept. Ignored
  // for a task that is not held or has ended.
  void Update(v1::TaskUpdate update);
  void AddPreview(const v1::AttemptRef& attempt, v1::Preview preview);
  // Ends the task: the bytes in pieces, then the result.
  void Finish(v1::TaskResult result, std::string bytes = "");
  void Checkpoint(const v1::AttemptRef& attempt, uint32_t step, std::string bytes);
  // The scheduler has recorded or refused the attempt: nothing is owed for it. False if not held.
  bool Forget(const v1::AttemptRef& attempt);
  bool Holds(const v1::AttemptRef& attempt) const;
  std::vector<v1::AttemptRef> Holding() const;
  // Tasks that have not ended yet. One that waits for its verdict occupies the device no more, and
  // the scheduler may have assigned the next in its place.
  size_t Working() const;

  void Report(v1::ModelReport report);      // the newest of each model, again at each connection
  void Report(v1::GroupReport report);      // the newest, again at each connection
  void Withdraw(const std::string& model);  // report it no more
  void Beat(v1::Heartbeat heartbeat);       // the newest
  void SayDrained();
  void Ask(v1::InputRequest request);  // forgotten when the connection is lost

  // A connection was made: everything unacknowledged is owed again. `window_bytes` bounds the
  // pieces in flight; 0 means 4 MiB.
  void Connected(uint32_t window_bytes);
  void Acknowledge(const v1::ChunkAck& ack);
  // The next message to write, or nothing for now.
  std::optional<v1::AttachRequest> Next();
  // Whether everything that ends a task has been handed to the link.
  bool Flushed() const;

 private:
  struct Task {
    v1::AttemptRef attempt;
    v1::TaskUpdate update;  // the newest
    bool update_due = false;
    bool ended = false;
    bool closing_due = false;  // its last message is not written yet
    std::string bytes;         // of the result or the checkpoint
    size_t sent = 0, acknowledged = 0;
    v1::TaskResult result;
    std::optional<uint32_t> checkpoint_step;  // ended by a checkpoint
  };
  struct Model {
    v1::ModelReport report;
    bool due = true;
  };

  size_t InFlight() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<v1::AttachRequest> NextControl() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<v1::AttachRequest> NextUpdate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<v1::AttachRequest> NextPiece() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<v1::AttachRequest> PieceOf(Task& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Task* Open(const v1::AttemptRef& attempt) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake() const {
    if (wake_) wake_();
  }

  std::function<void()> wake_;
  mutable absl::Mutex mutex_;
  std::map<AttemptKey, Task> tasks_ ABSL_GUARDED_BY(mutex_);
  AttemptKey last_piece_ ABSL_GUARDED_BY(mutex_);  // whose piece was sent last: the next one's turn
  std::map<std::string, Model> models_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::Heartbeat> heartbeat_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::GroupReport> group_ ABSL_GUARDED_BY(mutex_);
  bool group_due_ ABSL_GUARDED_BY(mutex_) = false;
  bool drained_due_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<v1::InputRequest> requests_ ABSL_GUARDED_BY(mutex_);
  size_t window_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace hanga
