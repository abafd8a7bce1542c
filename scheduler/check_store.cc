// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/check_store.h"

#include <unistd.h>

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/artifact_store.h"
#include "scheduler/data_folder.h"
#include "scheduler/durable_mark.h"
#include "scheduler/job_state.h"
#include "scheduler/sqlite_rows.h"
#include "scheduler/sqlite_schema.h"

namespace hanga {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 32;

// Runs a query over every row; `visit` says what is wrong with one.
void CheckRows(SqliteDb& db, const std::string& sql,
               const std::function<absl::Status(const SqliteStatement&)>& visit,
               StoreReport* report) {
  auto statement = db.Prepare(sql.c_str());
  if (!statement.ok()) {
    report->damage.emplace_back(statement.status().message());
    return;
  }
  for (;;) {
    const auto row = statement->Step();
    if (!row.ok()) report->damage.emplace_back(row.status().message());
    if (!row.ok() || !*row) return;
    if (const auto status = visit(*statement); !status.ok()) {
      report->damage.emplace_back(status.message());
    }
  }
}

absl::Status CheckArtifact(const DataFolder& folder, const ArtifactRecord& artifact) {
  const AttemptFile file{artifact.job, artifact.index, artifact.attempt};
  const std::string name =
      absl::StrCat("artifact ", artifact.index, " of job number ", artifact.job);
  const auto path = ArtifactStore(folder, 0).ArtifactPath(file);
  const auto bytes = ReadWholeFile(path, kMaxFileBytes);
  if (!bytes.ok()) return absl::DataLossError(absl::StrCat(name, ": its file is missing"));
  Sha256 hash;
  hash.Add(*bytes);
  if (bytes->size() == artifact.size_bytes && hash.Hex() == artifact.sha256)
    return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(name, ": its file is not what was stored"));
}

void CheckAllRows(SqliteDb& db, const DataFolder& folder, StoreReport* report) {
  CheckRows(
      db, absl::StrCat("SELECT ", kJobColumns, " FROM jobs"),
      [report](const SqliteStatement& row) {
        const auto job = ReadJob(row);
        ++report->jobs;
        if (job.ok() && !IsFinal(job->state)) ++report->unfinished_jobs;
        return job.status();
      },
      report);
  CheckRows(
      db, absl::StrCat("SELECT ", kRequestColumns, " FROM requests"),
      [](const SqliteStatement& row) { return ReadRequest(row).status(); }, report);
  CheckRows(
      db, absl::StrCat("SELECT ", kAttemptColumns, " FROM attempts"),
      [report](const SqliteStatement& row) {
        ++report->attempts;
        return ReadAttempt(row).status();
      },
      report);
  CheckRows(
      db, absl::StrCat("SELECT ", kArtifactColumns, " FROM artifacts"),
      [report, &folder](const SqliteStatement& row) {
        ++report->artifacts;
        const auto artifact = ReadArtifact(row);
        return artifact.ok() ? CheckArtifact(folder, *artifact) : artifact.status();
      },
      report);
  CheckRows(
      db, absl::StrCat("SELECT ", kEventColumns, " FROM events"),
      [](const SqliteStatement& row) { return ReadEvent(row).status(); }, report);
  CheckRows(
      db, absl::StrCat("SELECT ", kResultColumns, " FROM results"),
      [](const SqliteStatement& row) { return ReadResult(row).status(); }, report);
  CheckRows(
      db, absl::StrCat("SELECT ", kInputColumns, " FROM inputs"),
      [](const SqliteStatement& row) { return ReadInput(row).status(); }, report);
  CheckRows(
      db, "SELECT id FROM jobs WHERE id NOT IN (SELECT id FROM requests)",
      [](const SqliteStatement& row) {
        return absl::DataLossError(
            absl::StrCat("job store: the request of job number ", row.Int(0), " is missing"));
      },
      report);
}

}  // namespace

absl::StatusOr<StoreReport> CheckStore(const std::string& data_dir) {
  auto folder = DataFolder::LockExisting(data_dir);
  if (!folder.ok()) return folder.status();
  StoreReport report;
  const std::string path = folder->File("jobs.db");
  if (access(folder->File("jobs.mark").c_str(), R_OK) == 0) {
    const auto mark = DurableMark::Open(folder->File("jobs.mark"));
    if (!mark.ok()) return mark.status();
    if (const auto status = CheckWal(path + "-wal", mark->Get()); !status.ok()) {
      report.damage.emplace_back(status.message());
    }
  }
  auto db = SqliteDb::Open(path, SQLITE_OPEN_READWRITE);
  if (!db.ok()) return db.status();
  // Closing must not move the log into the database: nothing is changed here.
  sqlite3_db_config(db->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  const auto version = ReadSchemaVersion(*db);
  if (absl::IsFailedPrecondition(version.status())) return version.status();
  if (!version.ok()) {
    report.damage.emplace_back(version.status().message());
    return report;
  }
  report.schema_version = *version;
  CheckRows(
      *db, "PRAGMA integrity_check(100)",
      [](const SqliteStatement& row) {
        return row.Blob(0) == "ok" ? absl::OkStatus()
                                   : absl::DataLossError(absl::StrCat("job store: ", row.Blob(0)));
      },
      &report);
  report.older = *version < kSchemaVersion;
  if (!report.older) CheckAllRows(*db, *folder, &report);
  return report;
}

}  // namespace hanga
