// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Records to rows and back. Each row ends with a CRC-32 over its other columns, so that a flipped
// bit that leaves SQLite's pages well-formed is found too.
#pragma once

#include "absl/status/statusor.h"
#include "scheduler/records.h"
#include "scheduler/sqlite_db.h"

namespace hanga {

inline constexpr char kJobColumns[] =
    "id, state, sequence, priority, tenant, created, started, ended, request_key, error, "
    "cached_from, crc";
inline constexpr char kRequestColumns[] = "id, request, body_hash, crc";
inline constexpr char kAttemptColumns[] =
    "job, idx, attempt, epoch, token, worker, started, ended, outcome, error, checkpoint_bytes, "
    "step, steps, crc";
inline constexpr char kArtifactColumns[] =
    "job, idx, attempt, content_type, size, sha256, seed, width, height, created, crc";
inline constexpr char kEventColumns[] = "job, sequence, at, state, message, crc";
inline constexpr char kResultColumns[] = "key, job, crc";
inline constexpr char kInputColumns[] = "sha256, tenant, size, used, crc";

// Bind all columns in the order above. The record must outlive the step.
void BindJob(SqliteStatement& statement, const JobRecord& job);
void BindRequest(SqliteStatement& statement, JobId id, const JobRequest& request);
void BindAttempt(SqliteStatement& statement, const AttemptRecord& attempt);
void BindArtifact(SqliteStatement& statement, const ArtifactRecord& artifact);
void BindEvent(SqliteStatement& statement, const EventRecord& event);
void BindResult(SqliteStatement& statement, const ResultRecord& result);
void BindInput(SqliteStatement& statement, const InputRecord& input);

// Read a row of exactly those columns. DATA_LOSS names the record if its CRC does not fit.
absl::StatusOr<JobRecord> ReadJob(const SqliteStatement& row);
absl::StatusOr<JobRequest> ReadRequest(const SqliteStatement& row);
absl::StatusOr<AttemptRecord> ReadAttempt(const SqliteStatement& row);
absl::StatusOr<ArtifactRecord> ReadArtifact(const SqliteStatement& row);
absl::StatusOr<EventRecord> ReadEvent(const SqliteStatement& row);
absl::StatusOr<ResultRecord> ReadResult(const SqliteStatement& row);
absl::StatusOr<InputRecord> ReadInput(const SqliteStatement& row);

}  // namespace hanga
