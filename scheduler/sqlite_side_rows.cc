// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Rows beside those of jobs and their images: history, results that may be given again, inputs.
#include "scheduler/sqlite_row_crc.h"
#include "scheduler/sqlite_rows.h"

namespace hanga {
namespace {

int64_t Crc(const EventRecord& e) {
  return RowCrc()
      .Add(static_cast<int64_t>(e.job))
      .Add(static_cast<int64_t>(e.sequence))
      .Add(e.at_us)
      .Add(e.state)
      .Add(e.message)
      .value();
}

int64_t Crc(const InputRecord& i) {
  return RowCrc()
      .Add(i.sha256)
      .Add(i.tenant)
      .Add(static_cast<int64_t>(i.size_bytes))
      .Add(i.used_us)
      .value();
}

int64_t Crc(const ResultRecord& r) {
  return RowCrc().Add(AsView(r.key)).Add(static_cast<int64_t>(r.job)).value();
}

}  // namespace

void BindEvent(SqliteStatement& statement, const EventRecord& e) {
  statement.Bind(static_cast<int64_t>(e.job))
      .Bind(static_cast<int64_t>(e.sequence))
      .Bind(e.at_us)
      .Bind(e.state)
      .BindText(e.message)
      .Bind(Crc(e));
}

void BindResult(SqliteStatement& statement, const ResultRecord& r) {
  statement.BindBlob(AsView(r.key)).Bind(static_cast<int64_t>(r.job)).Bind(Crc(r));
}

void BindInput(SqliteStatement& statement, const InputRecord& i) {
  statement.BindText(i.sha256)
      .BindText(i.tenant)
      .Bind(static_cast<int64_t>(i.size_bytes))
      .Bind(i.used_us)
      .Bind(Crc(i));
}

absl::StatusOr<EventRecord> ReadEvent(const SqliteStatement& row) {
  EventRecord e;
  e.job = static_cast<JobId>(row.Int(0));
  e.sequence = static_cast<uint64_t>(row.Int(1));
  e.at_us = row.Int(2);
  e.state = static_cast<v1::JobState>(row.Int(3));
  e.message = std::string(row.Blob(4));
  if (row.Int(5) != Crc(e)) return DamagedRow("history", e.job);
  return e;
}

absl::StatusOr<ResultRecord> ReadResult(const SqliteStatement& row) {
  ResultRecord r;
  r.key = AsDigest(row.Blob(0));
  r.job = static_cast<JobId>(row.Int(1));
  if (row.Int(2) != Crc(r)) return DamagedRow("result's entry", r.job);
  return r;
}

absl::StatusOr<InputRecord> ReadInput(const SqliteStatement& row) {
  InputRecord i;
  i.sha256 = std::string(row.Blob(0));
  i.tenant = std::string(row.Blob(1));
  i.size_bytes = static_cast<uint64_t>(row.Int(2));
  i.used_us = row.Int(3);
  if (row.Int(4) == Crc(i)) return i;
  return absl::DataLossError(
      absl::StrCat("job store: the entry of input ", i.sha256, " is damaged (checksum)"));
}

}  // namespace hanga
