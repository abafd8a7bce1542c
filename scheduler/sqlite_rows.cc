// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/sqlite_rows.h"

#include "scheduler/sqlite_row_crc.h"

namespace hanga {
namespace {

int64_t Crc(const JobRecord& job) {
  RowCrc crc;
  crc.Add(static_cast<int64_t>(job.id))
      .Add(job.state)
      .Add(static_cast<int64_t>(job.sequence))
      .Add(job.priority)
      .Add(job.tenant)
      .Add(job.created_us)
      .Add(job.started_us)
      .Add(job.ended_us)
      .Add(job.has_request_key ? AsView(job.request_key) : absl::string_view())
      .Add(job.error);
  // Rows of schema 1 have none, and keep their sums.
  if (job.cached_from != 0) crc.Add(static_cast<int64_t>(job.cached_from));
  return crc.value();
}

int64_t Crc(JobId id, const JobRequest& request) {
  return RowCrc()
      .Add(static_cast<int64_t>(id))
      .Add(request.bytes)
      .Add(AsView(request.body_hash))
      .value();
}

}  // namespace

void BindJob(SqliteStatement& statement, const JobRecord& job) {
  statement.Bind(static_cast<int64_t>(job.id))
      .Bind(job.state)
      .Bind(static_cast<int64_t>(job.sequence))
      .Bind(job.priority)
      .BindText(job.tenant)
      .Bind(job.created_us)
      .Bind(job.started_us)
      .Bind(job.ended_us);
  if (job.has_request_key) {
    statement.BindBlob(AsView(job.request_key));
  } else {
    statement.BindNull();
  }
  statement.BindBlob(job.error).Bind(static_cast<int64_t>(job.cached_from)).Bind(Crc(job));
}

void BindRequest(SqliteStatement& statement, JobId id, const JobRequest& request) {
  statement.Bind(static_cast<int64_t>(id))
      .BindBlob(request.bytes)
      .BindBlob(AsView(request.body_hash))
      .Bind(Crc(id, request));
}

absl::StatusOr<JobRecord> ReadJob(const SqliteStatement& row) {
  JobRecord job;
  job.id = static_cast<JobId>(row.Int(0));
  job.state = static_cast<v1::JobState>(row.Int(1));
  job.sequence = static_cast<uint64_t>(row.Int(2));
  job.priority = static_cast<v1::Priority>(row.Int(3));
  job.tenant = std::string(row.Blob(4));
  job.created_us = row.Int(5);
  job.started_us = row.Int(6);
  job.ended_us = row.Int(7);
  job.has_request_key = !row.IsNull(8);
  if (job.has_request_key) job.request_key = AsDigest(row.Blob(8));
  job.error = std::string(row.Blob(9));
  job.cached_from = static_cast<JobId>(row.Int(10));
  if (row.Int(11) != Crc(job) || !v1::JobState_IsValid(job.state))
    return DamagedRow("state", job.id);
  return job;
}

absl::StatusOr<JobRequest> ReadRequest(const SqliteStatement& row) {
  JobRequest request;
  const JobId id = static_cast<JobId>(row.Int(0));
  request.bytes = std::string(row.Blob(1));
  request.body_hash = AsDigest(row.Blob(2));
  if (row.Int(3) != Crc(id, request)) return DamagedRow("request", id);
  return request;
}

}  // namespace hanga
