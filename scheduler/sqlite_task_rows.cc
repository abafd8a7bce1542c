// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Rows of what becomes of a job's images.
#include "scheduler/sqlite_row_crc.h"
#include "scheduler/sqlite_rows.h"

namespace hanga {
namespace {

int64_t Crc(const AttemptRecord& a) {
  RowCrc crc;
  crc.Add(static_cast<int64_t>(a.job))
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
      .Add(a.step);
  // Rows of schema 1 have none, and keep their sums.
  if (a.steps != 0) crc.Add(a.steps);
  return crc.value();
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

}  // namespace

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
      .Bind(a.step)
      .Bind(a.steps)
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
  a.step = static_cast<uint32_t>(row.Int(11));
  a.steps = static_cast<uint32_t>(row.Int(12));
  if (row.Int(13) != Crc(a)) return DamagedRow("attempt", a.job);
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
  if (row.Int(10) != Crc(a)) return DamagedRow("artifact's entry", a.job);
  return a;
}

}  // namespace hanga
