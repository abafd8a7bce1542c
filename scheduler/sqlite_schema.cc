// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/sqlite_schema.h"

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// kSteps[i] brings version i to i + 1.
constexpr const char* kSteps[kSchemaVersion] = {
    // A submitted job costs two rows that are appended, and two appended index entries.
    R"sql(
    CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

    CREATE TABLE jobs (
      id INTEGER PRIMARY KEY,
      state INTEGER NOT NULL,       -- hanga.v1.JobState
      sequence INTEGER NOT NULL,
      priority INTEGER NOT NULL,
      tenant TEXT NOT NULL,
      created INTEGER NOT NULL,     -- microseconds since 1970, 0: none
      started INTEGER NOT NULL,
      ended INTEGER NOT NULL,
      request_key BLOB,             -- half a SHA-256 of tenant and request_id
      error BLOB NOT NULL,          -- hanga.v1.JobError
      crc INTEGER NOT NULL
    );
    CREATE INDEX jobs_unfinished ON jobs (id) WHERE state IN (1, 2, 3);
    CREATE INDEX jobs_by_tenant ON jobs (tenant, id);

    CREATE TABLE requests (
      id INTEGER PRIMARY KEY,       -- of jobs
      request BLOB NOT NULL,        -- hanga.v1.SubmitJobRequest, resolved
      body_hash BLOB NOT NULL,      -- half a SHA-256 of the request as it came
      crc INTEGER NOT NULL
    );

    CREATE TABLE attempts (
      job INTEGER NOT NULL,
      idx INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      epoch INTEGER NOT NULL,
      token INTEGER NOT NULL,
      worker TEXT NOT NULL,
      started INTEGER NOT NULL,
      ended INTEGER NOT NULL,
      outcome INTEGER NOT NULL,     -- scheduler/records.h, AttemptOutcome
      error BLOB NOT NULL,          -- hanga.v1.JobError
      checkpoint_bytes INTEGER NOT NULL,
      checkpoint_step INTEGER NOT NULL,
      crc INTEGER NOT NULL,
      PRIMARY KEY (job, idx, attempt)
    ) WITHOUT ROWID;

    CREATE TABLE artifacts (
      job INTEGER NOT NULL,
      idx INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      content_type TEXT NOT NULL,
      size INTEGER NOT NULL,
      sha256 TEXT NOT NULL,
      seed INTEGER NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      created INTEGER NOT NULL,
      crc INTEGER NOT NULL,
      PRIMARY KEY (job, idx)
    ) WITHOUT ROWID;
    CREATE INDEX artifacts_by_age ON artifacts (created);
    )sql",
    // Why a job is in its state, which results may be given again, whose the inputs are.
    R"sql(
    ALTER TABLE attempts RENAME COLUMN checkpoint_step TO step;  -- finished when it ended
    ALTER TABLE attempts ADD COLUMN steps INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN cached_from INTEGER NOT NULL DEFAULT 0;  -- id of another job

    CREATE TABLE events (
      job INTEGER NOT NULL,
      sequence INTEGER NOT NULL,    -- of the job, after it
      at INTEGER NOT NULL,
      state INTEGER NOT NULL,       -- hanga.v1.JobState
      message TEXT NOT NULL,
      crc INTEGER NOT NULL,
      PRIMARY KEY (job, sequence)
    ) WITHOUT ROWID;

    CREATE TABLE results (
      key BLOB PRIMARY KEY,         -- scheduler/result_key.h
      job INTEGER NOT NULL,
      crc INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX results_by_job ON results (job);

    CREATE TABLE inputs (
      sha256 TEXT NOT NULL,
      tenant TEXT NOT NULL,
      size INTEGER NOT NULL,
      used INTEGER NOT NULL,        -- uploaded, or named by a job
      crc INTEGER NOT NULL,
      PRIMARY KEY (sha256, tenant)
    ) WITHOUT ROWID;
    )sql",
};

absl::Status RunStep(SqliteDb& db, int version) {
  if (auto status = db.Execute("BEGIN IMMEDIATE"); !status.ok()) return status;
  absl::Status status = db.Execute(kSteps[version]);
  if (status.ok()) {
    status = db.Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId,
                                     "; PRAGMA user_version = ", version + 1)
                            .c_str());
  }
  if (status.ok()) status = db.Execute("COMMIT");
  if (!status.ok()) db.Execute("ROLLBACK").IgnoreError();
  return status;
}

}  // namespace

absl::StatusOr<int> ReadSchemaVersion(SqliteDb& db) {
  const auto version = db.QueryInt("PRAGMA user_version");
  if (!version.ok()) return version.status();
  const auto application = db.QueryInt("PRAGMA application_id");
  if (!application.ok()) return application.status();
  if (*version != 0 && *application != kApplicationId) {
    return absl::FailedPreconditionError("jobs.db is an SQLite file of another program");
  }
  if (*version > kSchemaVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the job store has schema version ", *version, ", this hangad knows up to ", kSchemaVersion,
        ": start the newer hangad that wrote it, or restore a copy from before"));
  }
  return static_cast<int>(*version);
}

absl::Status MigrateSchema(SqliteDb& db) {
  const auto version = ReadSchemaVersion(db);
  if (!version.ok()) return version.status();
  for (int v = *version; v < kSchemaVersion; ++v) {
    if (auto status = RunStep(db, v); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace hanga
