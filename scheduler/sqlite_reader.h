// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Reads of the job store on one connection. In WAL mode they neither wait for the writer nor hold
// it up.
#pragma once

#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "scheduler/job_store.h"
#include "scheduler/sqlite_db.h"

namespace hanga {

// Thread-safe.
class SqliteReader {
 public:
  // Prepares every statement.
  static absl::StatusOr<std::unique_ptr<SqliteReader>> Open(const std::string& path);

  // As in JobStore.
  absl::StatusOr<StoredJob> Read(JobId id);
  absl::StatusOr<JobRequest> ReadRequest(JobId id);
  absl::StatusOr<JobPage> List(const JobQuery& query);
  absl::Status ForEachUnfinished(const std::function<void(StoredJob)>& visit);
  absl::Status ForEachRequestKey(int64_t created_since_us,
                                 const std::function<void(const Digest&, JobId, int64_t)>& visit);
  absl::StatusOr<std::vector<EventRecord>> ReadEvents(JobId id);
  absl::StatusOr<JobId> FindResult(const Digest& key);
  absl::Status ForEachInput(const std::function<void(InputRecord)>& visit);
  absl::StatusOr<std::vector<ArtifactRecord>> OldestArtifacts(uint32_t limit);
  absl::StatusOr<bool> HasArtifact(JobId job, uint32_t index, uint32_t attempt);
  absl::StatusOr<ArtifactTotals> CountArtifacts();
  absl::StatusOr<std::vector<JobId>> EndedBefore(int64_t ended_us, uint32_t limit);

 private:
  explicit SqliteReader(SqliteDb db) : db_(std::move(db)) {}
  absl::Status PrepareAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<StoredJob> ReadLocked(JobId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<JobRequest> ReadRequestLocked(JobId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Mutex mu_;
  SqliteDb db_ ABSL_GUARDED_BY(mu_);
  SqliteStatement job_ ABSL_GUARDED_BY(mu_), request_ ABSL_GUARDED_BY(mu_),
      attempts_ ABSL_GUARDED_BY(mu_), artifacts_ ABSL_GUARDED_BY(mu_),
      unfinished_ ABSL_GUARDED_BY(mu_), keys_ ABSL_GUARDED_BY(mu_), list_ ABSL_GUARDED_BY(mu_),
      list_tenant_ ABSL_GUARDED_BY(mu_), oldest_artifacts_ ABSL_GUARDED_BY(mu_),
      has_artifact_ ABSL_GUARDED_BY(mu_),
      count_artifacts_ ABSL_GUARDED_BY(mu_), ended_ ABSL_GUARDED_BY(mu_),
      events_ ABSL_GUARDED_BY(mu_), result_ ABSL_GUARDED_BY(mu_), inputs_ ABSL_GUARDED_BY(mu_);
};

}  // namespace hanga
