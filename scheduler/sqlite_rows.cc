// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/sqlite_rows.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// Over the columns in their order; lengths keep neighbours apart.
class RowCrc {
 public:
  RowCrc& Add(int64_t value) {
    crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(&value), sizeof(value));
    return *this;
  }
  RowCrc& Add(absl::string_view value) {
    Add(static_cast<int64_t>(value.size()));
    // crc32() of a null pointer would reset the sum.
    if (!value.empty()) {
      crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(value.data()),
                   static_cast<uInt>(value.size()));
    }
    return *this;
  }
  int64_t value() const { return static_cast<int64_t>(crc_); }

 private:
  uLong crc_ = crc32(0, nullptr, 0);
};

absl::string_view AsView(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest AsDigest(absl::string_view bytes) {
  Digest digest = {};
  std::memcpy(digest.data(), bytes.data(), std::min(bytes.size(), digest.size()));
  return digest;
}

int64_t Crc(const JobRecord& job) {
  return RowCrc()
      .Add(static_cast<int64_t>(job.id))
      .Add(job.state)
      .Add(static_cast<int64_t>(job.sequence))
      .Add(job.priority)
      .Add(job.tenant)
      .Add(job.created_us)
      .Add(job.started_us)
      .Add(job.ended_us)
      .Add(job.has_request_key ? AsView(job.request_key) : absl::string_view())
      .Add(job.error)
      .value();
}

int64_t Crc(JobId id, const JobRequest& request) {
  return RowCrc()
      .Add(static_cast<int64_t>(id))
      .Add(request.bytes)
      .Add(AsView(request.body_hash))
      .value();
}

int64_t Crc(const AttemptRecord& a) {
  return RowCrc()
      .Add(static_cast<int64_t>(a.job))
      .Add(a.index)
      .Add(a.attempt)
      .Add(static_cast<int64_t>(a.epoch))
      .Add(static_cast<int64_t>(a.token))
      .Add(a.worker)
      .Add(a.started_us)
      .Add(a.ended_us)
      .Add(static_cast<int64_t>(a.outcome))
      .Add(a.error)
      .Add(static_cast<int64_t>(a.checkpoint_bytes))
      .Add(a.checkpoint_step)
      .value();
}

int64_t Crc(const ArtifactRecord& a) {
  return RowCrc()
      .Add(static_cast<int64_t>(a.job))
      .Add(a.index)
      .Add(a.attempt)
      .Add(a.content_type)
      .Add(static_cast<int64_t>(a.size_bytes))
      .Add(a.sha256)
      .Add(static_cast<int64_t>(a.seed))
      .Add(a.width)
      .Add(a.height)
      .Add(a.created_us)
      .value();
}

absl::Status Damaged(absl::string_view what, JobId job) {
  return absl::DataLossError(
      absl::StrCat("job store: the ", what, " of job number ", job, " is damaged (checksum)"));
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
  statement.BindBlob(job.error).Bind(Crc(job));
}

void BindRequest(SqliteStatement& statement, JobId id, const JobRequest& request) {
  statement.Bind(static_cast<int64_t>(id))
      .BindBlob(request.bytes)
      .BindBlob(AsView(request.body_hash))
      .Bind(Crc(id, request));
}

void BindAttempt(SqliteStatement& statement, const AttemptRecord& a) {
  statement.Bind(static_cast<int64_t>(a.job))
      .Bind(a.index)
      .Bind(a.attempt)
      .Bind(static_cast<int64_t>(a.epoch))
      .Bind(static_cast<int64_t>(a.token))
      .BindText(a.worker)
      .Bind(a.started_us)
      .Bind(a.ended_us)
      .Bind(static_cast<int64_t>(a.outcome))
      .BindBlob(a.error)
      .Bind(static_cast<int64_t>(a.checkpoint_bytes))
      .Bind(a.checkpoint_step)
      .Bind(Crc(a));
}

void BindArtifact(SqliteStatement& statement, const ArtifactRecord& a) {
  statement.Bind(static_cast<int64_t>(a.job))
      .Bind(a.index)
      .Bind(a.attempt)
      .BindText(a.content_type)
      .Bind(static_cast<int64_t>(a.size_bytes))
      .BindText(a.sha256)
      .Bind(static_cast<int64_t>(a.seed))
      .Bind(a.width)
      .Bind(a.height)
      .Bind(a.created_us)
      .Bind(Crc(a));
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
  if (row.Int(10) != Crc(job) || !v1::JobState_IsValid(job.state)) return Damaged("state", job.id);
  return job;
}

absl::StatusOr<JobRequest> ReadRequest(const SqliteStatement& row) {
  JobRequest request;
  const JobId id = static_cast<JobId>(row.Int(0));
  request.bytes = std::string(row.Blob(1));
  request.body_hash = AsDigest(row.Blob(2));
  if (row.Int(3) != Crc(id, request)) return Damaged("request", id);
  return request;
}

absl::StatusOr<AttemptRecord> ReadAttempt(const SqliteStatement& row) {
  AttemptRecord a;
  a.job = static_cast<JobId>(row.Int(0));
  a.index = static_cast<uint32_t>(row.Int(1));
  a.attempt = static_cast<uint32_t>(row.Int(2));
  a.epoch = static_cast<uint64_t>(row.Int(3));
  a.token = static_cast<uint64_t>(row.Int(4));
  a.worker = std::string(row.Blob(5));
  a.started_us = row.Int(6);
  a.ended_us = row.Int(7);
  a.outcome = static_cast<AttemptOutcome>(row.Int(8));
  a.error = std::string(row.Blob(9));
  a.checkpoint_bytes = static_cast<uint64_t>(row.Int(10));
  a.checkpoint_step = static_cast<uint32_t>(row.Int(11));
  if (row.Int(12) != Crc(a)) return Damaged("attempt", a.job);
  return a;
}

absl::StatusOr<ArtifactRecord> ReadArtifact(const SqliteStatement& row) {
  ArtifactRecord a;
  a.job = static_cast<JobId>(row.Int(0));
  a.index = static_cast<uint32_t>(row.Int(1));
  a.attempt = static_cast<uint32_t>(row.Int(2));
  a.content_type = std::string(row.Blob(3));
  a.size_bytes = static_cast<uint64_t>(row.Int(4));
  a.sha256 = std::string(row.Blob(5));
  a.seed = static_cast<uint64_t>(row.Int(6));
  a.width = static_cast<uint32_t>(row.Int(7));
  a.height = static_cast<uint32_t>(row.Int(8));
  a.created_us = row.Int(9);
  if (row.Int(10) != Crc(a)) return Damaged("artifact's entry", a.job);
  return a;
}

}  // namespace hanga
