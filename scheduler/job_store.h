// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Where jobs are kept. The scheduler decides, the store remembers: it knows records and that a
// change is all or nothing, not what they mean.
//
// Contract
// 1. Thread-safe.
// 2. Write() takes effect in the order of the calls. `done` is called in that order too, from one
//    thread of the store, once the change is durable, or with why it is not: RESOURCE_EXHAUSTED
//    without disk space, UNAVAILABLE otherwise. A change that failed has left no trace.
// 3. Changes carry whole records. Writing one twice, or after a newer one (by `sequence` for jobs,
//    by an ended outcome for attempts), changes nothing: a failed change may be written again. The
//    last writer of a result's key or of an input has the say.
// 4. What became durable together is told together: `after_commit` is called on the same thread
//    after the last `done` of one commit, so that work for many changes can be done at once.
// 5. Reads see what is durable. DATA_LOSS names the record whose checksum does not fit.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/measures.h"
#include "scheduler/records.h"

namespace hanga {

struct StoreChange {
  std::shared_ptr<const JobRequest> request;  // of jobs[0], which is new then
  std::vector<JobRecord> jobs;
  std::vector<AttemptRecord> attempts;
  std::vector<ArtifactRecord> artifacts;
  std::vector<EventRecord> events;
  std::vector<ResultRecord> results;
  std::vector<InputRecord> inputs;
  std::vector<ArtifactId> dropped_artifacts;  // and with one, its job's result
  std::vector<InputRecord> dropped_inputs;    // by sha256 and tenant
  std::vector<JobId> forgotten;               // with everything of theirs
};

struct JobQuery {
  std::optional<std::string> tenant;  // unset: every tenant's
  uint32_t states = 0;                // a bit (1 << state) each; 0: all
  JobId before = 0;                   // only smaller ids; 0: from the newest
  uint32_t limit = 50;
};

struct JobPage {
  std::vector<JobId> ids;  // newest first
  JobId next_before = 0;   // where the next page goes on; 0: this was the last
};

struct ArtifactTotals {
  uint64_t count = 0, bytes = 0;
};

struct StoreMeasures {
  uint64_t commits = 0, changes = 0;
  DurationHistogram commit;
};

class JobStore {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  virtual ~JobStore() = default;  // writes what was handed in

  virtual uint64_t epoch() const = 0;          // one more at every opening
  virtual const std::string& tag() const = 0;  // of job names; see job_name.h
  virtual JobId last_job() const = 0;          // the greatest id at the opening

  virtual void Write(StoreChange change, Done done) = 0;
  virtual void Flush() = 0;  // until the callbacks of what was written have returned
  virtual void SetAfterCommit(std::function<void()> after_commit) = 0;  // before the first Write()

  virtual absl::StatusOr<StoredJob> Read(JobId id) = 0;          // NOT_FOUND
  virtual absl::StatusOr<JobRequest> ReadRequest(JobId id) = 0;  // NOT_FOUND
  virtual absl::StatusOr<JobPage> List(const JobQuery& query) = 0;
  virtual absl::StatusOr<std::vector<EventRecord>> ReadEvents(JobId id) = 0;  // by sequence
  virtual absl::StatusOr<JobId> FindResult(const Digest& key) = 0;            // NOT_FOUND

  // For the start.
  virtual absl::Status ForEachUnfinished(const std::function<void(StoredJob)>& visit) = 0;
  virtual absl::Status ForEachRequestKey(
      int64_t created_since_us,
      const std::function<void(const Digest&, JobId, int64_t)>& visit) = 0;

  virtual absl::Status ForEachInput(const std::function<void(InputRecord)>& visit) = 0;

  // For retention and for sweeping files.
  virtual absl::StatusOr<std::vector<ArtifactRecord>> OldestArtifacts(uint32_t limit) = 0;
  virtual absl::StatusOr<bool> HasArtifact(JobId job, uint32_t index, uint32_t attempt) = 0;
  virtual absl::StatusOr<ArtifactTotals> CountArtifacts() = 0;
  // Finished jobs, oldest first, that ended before; never the newest job.
  virtual absl::StatusOr<std::vector<JobId>> EndedBefore(int64_t ended_us, uint32_t limit) = 0;

  virtual StoreMeasures measures() = 0;
};

}  // namespace hanga
