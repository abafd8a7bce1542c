// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/sqlite_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "scheduler/fault_point.h"

namespace hanga {
namespace {

// 16 MiB of log: a restart reads it in well under a second, pages that change often are written to
// the database once instead of at every commit, and no checkpoint keeps the disk for longer than a
// commit may wait.
constexpr int kCheckpointFrames = 4096;

// Where several changes share a commit, the next one waits until so much time has passed since the
// last one began, or so many changes wait: a commit costs the same for one change as for twenty,
// and that is processor time that calls need. A change on its own is written at once.
constexpr auto kCommitPace = std::chrono::microseconds(500);
constexpr size_t kCommitFull = 24;
constexpr size_t kCommitShared = 3;

// Bounds how long one commit holds up those behind it.
constexpr size_t kMaxBatch = 8192;

}  // namespace

SqliteWriter::SqliteWriter(SqliteDb db, SqliteDb checkpoint_db, SqliteChanges changes,
                           DurableMark mark, std::string wal_path)
    : db_(std::move(db)),
      checkpoint_db_(std::move(checkpoint_db)),
      changes_(std::move(changes)),
      mark_(std::move(mark)),
      wal_path_(std::move(wal_path)) {
  sqlite3_wal_hook(
      db_.handle(),
      [](void* self, sqlite3*, const char*, int frames) {
        static_cast<SqliteWriter*>(self)->wal_frames_ = frames;
        return SQLITE_OK;
      },
      this);
  writer_ = std::thread([this] { WriteLoop(); });
  caller_ = std::thread([this] { CallBackLoop(); });
  checkpointer_ = std::thread([this] { CheckpointLoop(); });
}

SqliteWriter::~SqliteWriter() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    writer_work_.Signal();
  }
  writer_.join();
  caller_.join();
  checkpointer_.join();
  if (wal_fd_ >= 0) close(wal_fd_);
  EmptyWal(db_, mark_).IgnoreError();  // the next start can do with a log
}

void SqliteWriter::Write(StoreChange change, JobStore::Done done) {
  absl::MutexLock lock(&mu_);
  queue_.push_back({std::move(change), std::move(done)});
  if (queue_.size() == 1 || queue_.size() == kCommitFull) writer_work_.Signal();
}

void SqliteWriter::SetAfterCommit(std::function<void()> after_commit) {
  absl::MutexLock lock(&mu_);
  after_commit_ = std::move(after_commit);
}

void SqliteWriter::Flush() {
  absl::MutexLock lock(&mu_);
  while (!Idle()) idle_.Wait(&mu_);
}

StoreMeasures SqliteWriter::measures() {
  absl::MutexLock lock(&mu_);
  return measures_;
}

// Lets a commit fill up until its time has come.
void SqliteWriter::Gather(std::chrono::steady_clock::time_point next_commit) {
  while (!queue_.empty() && queue_.size() < kCommitFull && !stopping_) {
    const auto left = next_commit - std::chrono::steady_clock::now();
    if (left <= std::chrono::microseconds(50)) return;  // less than a timer can tell
    writer_work_.WaitWithTimeout(&mu_, absl::FromChrono(left));
  }
}

void SqliteWriter::WriteLoop() {
  std::chrono::steady_clock::time_point next_commit;
  for (;;) {
    std::vector<Pending> batch;
    bool finish_checkpoint = false;
    {
      absl::MutexLock lock(&mu_);
      writing_ = false;
      if (Idle()) idle_.SignalAll();
      while (queue_.empty() && !checkpoint_ready_ && !stopping_) writer_work_.Wait(&mu_);
      Gather(next_commit);
      if (queue_.empty() && stopping_) {
        writer_done_ = true;
        caller_work_.Signal();
        checkpointer_work_.Signal();
        return;
      }
      if (queue_.size() <= kMaxBatch) {
        batch.swap(queue_);
      } else {
        const auto end = queue_.begin() + kMaxBatch;
        batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
        queue_.erase(queue_.begin(), end);
      }
      writing_ = !batch.empty();
      finish_checkpoint = std::exchange(checkpoint_ready_, false);
    }
    if (finish_checkpoint) FinishCheckpoint();
    if (batch.empty()) continue;
    const auto begin = std::chrono::steady_clock::now();
    const absl::Status status = Commit(batch);
    const auto took = absl::FromChrono(std::chrono::steady_clock::now() - begin);
    if (batch.size() >= kCommitShared) next_commit = begin + kCommitPace;
    absl::MutexLock lock(&mu_);
    ++measures_.commits;
    measures_.changes += batch.size();
    measures_.commit.Observe(took);
    checkpoint_wanted_ = wal_frames_ >= kCheckpointFrames;
    if (checkpoint_wanted_) checkpointer_work_.Signal();
    answered_.push_back({std::move(batch), status});
    caller_work_.Signal();
  }
}

absl::Status SqliteWriter::Commit(const std::vector<Pending>& batch) {
  absl::Status status = db_.Execute("BEGIN IMMEDIATE");
  for (auto it = batch.begin(); status.ok() && it != batch.end(); ++it) {
    status = changes_.Apply(it->change);
  }
  if (status.ok()) status = db_.Execute("COMMIT");
  if (status.ok()) {
    Acknowledge();
  } else if (sqlite3_get_autocommit(db_.handle()) == 0) {
    db_.Execute("ROLLBACK").IgnoreError();
  }
  return status;
}

void SqliteWriter::Acknowledge() {
  FaultPoint("mark: before it says what was committed");
  if (wal_fd_ < 0) wal_fd_ = open(wal_path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (wal_fd_ >= 0) mark_.Set({ReadWalSalt(wal_fd_), static_cast<uint32_t>(wal_frames_)});
}

void SqliteWriter::CallBackLoop() {
  for (;;) {
    Answered answered;
    std::function<void()> after_commit;
    {
      absl::MutexLock lock(&mu_);
      calling_back_ = false;
      if (Idle()) idle_.SignalAll();
      while (answered_.empty() && !writer_done_) caller_work_.Wait(&mu_);
      if (answered_.empty()) return;
      after_commit = after_commit_;
      answered = std::move(answered_.front());
      answered_.pop_front();
      calling_back_ = true;
    }
    for (Pending& pending : answered.batch) {
      if (pending.done) pending.done(answered.status);
    }
    if (after_commit) after_commit();
  }
}

void SqliteWriter::CheckpointLoop() {
  for (;;) {
    {
      absl::MutexLock lock(&mu_);
      while (!checkpoint_wanted_ && !writer_done_) checkpointer_work_.Wait(&mu_);
      if (writer_done_) return;
      checkpoint_wanted_ = false;
    }
    // Copies without holding up the writer, which meanwhile adds a little at the end.
    sqlite3_wal_checkpoint_v2(checkpoint_db_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                              nullptr);
    absl::MutexLock lock(&mu_);
    checkpoint_ready_ = true;
    writer_work_.Signal();
  }
}

void SqliteWriter::FinishCheckpoint() {
  sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // namespace hanga
