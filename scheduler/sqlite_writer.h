// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The one thread that writes the job store. Whatever has been handed in while the last commit was
// on its way to the disk shares the next one:
//
//   Write() ─┐            writer thread                       callback thread
//   Write() ─┼─▶ queue ─▶ BEGIN, rows of all, COMMIT (fsync) ─▶ done(), done(), done()
//   Write() ─┘                     next commit meanwhile          after_commit()
//
// Condition variables, not absl::Condition: with a waiter of the latter every unlocking would go
// the slow way, also that of a Write() that has nobody to wake.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "scheduler/durable_mark.h"
#include "scheduler/job_store.h"
#include "scheduler/sqlite_changes.h"
#include "scheduler/sqlite_db.h"

namespace hanga {

// Thread-safe.
class SqliteWriter {
 public:
  // `checkpoint_db` is a second connection, which moves the log into the database meanwhile.
  SqliteWriter(SqliteDb db, SqliteDb checkpoint_db, SqliteChanges changes, DurableMark mark,
               std::string wal_path);
  ~SqliteWriter();

  void Write(StoreChange change, JobStore::Done done);
  void Flush();
  void SetAfterCommit(std::function<void()> after_commit);  // before the first Write()
  StoreMeasures measures();

 private:
  struct Pending {
    StoreChange change;
    JobStore::Done done;
  };
  struct Answered {
    std::vector<Pending> batch;
    absl::Status status;
  };

  bool Idle() const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return queue_.empty() && !writing_ && answered_.empty() && !calling_back_;
  }
  void WriteLoop();
  void Gather(std::chrono::steady_clock::time_point next_commit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CallBackLoop();
  void CheckpointLoop();
  absl::Status Commit(const std::vector<Pending>& batch);
  void Acknowledge();
  // Between two transactions: what the other connection has left, so that the log begins anew.
  void FinishCheckpoint();

  SqliteDb db_;             // of the writer's thread
  SqliteDb checkpoint_db_;  // of the checkpointer's
  SqliteChanges changes_;   // of the writer's
  DurableMark mark_;        // of the writer's
  const std::string wal_path_;
  int wal_fd_ = -1;
  int wal_frames_ = 0;  // set by SQLite's hook after a commit

  absl::Mutex mu_;
  absl::CondVar writer_work_, caller_work_, checkpointer_work_, idle_;
  std::function<void()> after_commit_ ABSL_GUARDED_BY(mu_);
  std::vector<Pending> queue_ ABSL_GUARDED_BY(mu_);
  std::deque<Answered> answered_ ABSL_GUARDED_BY(mu_);
  bool calling_back_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool writer_done_ ABSL_GUARDED_BY(mu_) = false;
  bool checkpoint_wanted_ ABSL_GUARDED_BY(mu_) = false;
  bool checkpoint_ready_ ABSL_GUARDED_BY(mu_) = false;
  StoreMeasures measures_ ABSL_GUARDED_BY(mu_);

  std::thread writer_, caller_, checkpointer_;
};

}  // namespace hanga
