// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/sqlite_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/sqlite_rows.h"

namespace hanga {
namespace {

// Rows that one page of a list may look at; a rare state then gives short pages, never a long wait.
constexpr uint32_t kMaxScannedRows = 10'000;

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteReader>> SqliteReader::Open(const std::string& path) {
  auto db = SqliteDb::Open(path, SQLITE_OPEN_READWRITE);
  if (!db.ok()) return db.status();
  if (auto status = db->Execute("PRAGMA query_only = 1"); !status.ok()) return status;
  std::unique_ptr<SqliteReader> reader(new SqliteReader(*std::move(db)));
  absl::MutexLock lock(&reader->mu_);
  if (auto status = reader->PrepareAll(); !status.ok()) return status;
  return reader;
}

absl::Status SqliteReader::PrepareAll() {
  const std::string jobs = absl::StrCat("SELECT ", kJobColumns, " FROM jobs ");
  const std::string artifacts = absl::StrCat("SELECT ", kArtifactColumns, " FROM artifacts ");
  const std::pair<SqliteStatement*, std::string> statements[] = {
      {&job_, jobs + "WHERE id = ?"},
      {&request_, absl::StrCat("SELECT ", kRequestColumns, " FROM requests WHERE id = ?")},
      {&attempts_, absl::StrCat("SELECT ", kAttemptColumns,
                                " FROM attempts WHERE job = ? ORDER BY idx, attempt")},
      {&artifacts_, artifacts + "WHERE job = ? ORDER BY idx"},
      {&unfinished_, "SELECT id FROM jobs WHERE state IN (1, 2, 3) ORDER BY id"},
      {&keys_, jobs + "WHERE id >= (SELECT coalesce(min(id), 0) FROM jobs WHERE created >= ?1) "
                      "AND created >= ?1 AND request_key IS NOT NULL"},
      {&list_, "SELECT id, state FROM jobs WHERE id < ?1 ORDER BY id DESC LIMIT ?2"},
      {&list_tenant_,
       "SELECT id, state FROM jobs WHERE id < ?1 AND tenant = ?3 ORDER BY id DESC LIMIT ?2"},
      {&oldest_artifacts_, artifacts + "ORDER BY created LIMIT ?"},
      {&has_artifact_, "SELECT 1 FROM artifacts WHERE job = ? AND idx = ? AND attempt = ?"},
      {&count_artifacts_, "SELECT count(*), coalesce(sum(size), 0) FROM artifacts"},
      {&events_,
       absl::StrCat("SELECT ", kEventColumns, " FROM events WHERE job = ? ORDER BY sequence")},
      {&result_, absl::StrCat("SELECT ", kResultColumns, " FROM results WHERE key = ?")},
      {&inputs_, absl::StrCat("SELECT ", kInputColumns, " FROM inputs")},
      {&ended_,
       "SELECT id, state, ended FROM jobs WHERE id < (SELECT max(id) FROM jobs) "
       "ORDER BY id LIMIT ?"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = db_.Prepare(sql.c_str());
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return absl::OkStatus();
}

absl::StatusOr<StoredJob> SqliteReader::Read(JobId id) {
  absl::MutexLock lock(&mu_);
  // One transaction, so that the records are of one instant.
  if (auto status = db_.Execute("BEGIN"); !status.ok()) return status;
  auto job = ReadLocked(id);
  if (auto status = db_.Execute("COMMIT"); !status.ok()) return status;
  return job;
}

absl::StatusOr<StoredJob> SqliteReader::ReadLocked(JobId id) {
  StoredJob stored;
  {
    const SqliteCursor cursor(job_);
    const auto row = job_.Bind(static_cast<int64_t>(id)).Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::NotFoundError("no such job");
    auto job = ReadJob(job_);
    if (!job.ok()) return job.status();
    stored.job = *std::move(job);
  }
  auto request = ReadRequestLocked(id);
  if (!request.ok()) return request.status();
  stored.request = std::move(request->bytes);
  {
    const SqliteCursor cursor(attempts_);
    attempts_.Bind(static_cast<int64_t>(id));
    for (auto row = attempts_.Step();; row = attempts_.Step()) {
      if (!row.ok()) return row.status();
      if (!*row) break;
      auto attempt = ReadAttempt(attempts_);
      if (!attempt.ok()) return attempt.status();
      stored.attempts.push_back(*std::move(attempt));
    }
  }
  const SqliteCursor cursor(artifacts_);
  artifacts_.Bind(static_cast<int64_t>(id));
  for (auto row = artifacts_.Step();; row = artifacts_.Step()) {
    if (!row.ok()) return row.status();
    if (!*row) break;
    auto artifact = ReadArtifact(artifacts_);
    if (!artifact.ok()) return artifact.status();
    stored.artifacts.push_back(*std::move(artifact));
  }
  return stored;
}

absl::StatusOr<JobRequest> SqliteReader::ReadRequest(JobId id) {
  absl::MutexLock lock(&mu_);
  return ReadRequestLocked(id);
}

absl::StatusOr<JobRequest> SqliteReader::ReadRequestLocked(JobId id) {
  const SqliteCursor cursor(request_);
  const auto row = request_.Bind(static_cast<int64_t>(id)).Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::NotFoundError("no such job");
  return hanga::ReadRequest(request_);
}

absl::StatusOr<JobPage> SqliteReader::List(const JobQuery& query) {
  absl::MutexLock lock(&mu_);
  SqliteStatement& statement = query.tenant.has_value() ? list_tenant_ : list_;
  const SqliteCursor cursor(statement);
  statement.Bind(query.before == 0 ? INT64_MAX : static_cast<int64_t>(query.before))
      .Bind(kMaxScannedRows + 1);
  if (query.tenant.has_value()) statement.BindText(*query.tenant);
  JobPage page;
  JobId last = 0;
  for (uint32_t scanned = 0;; ++scanned) {
    const auto row = statement.Step();
    if (!row.ok()) return row.status();
    if (!*row) return page;
    if (page.ids.size() == query.limit || scanned == kMaxScannedRows) {
      page.next_before = last;
      return page;
    }
    last = static_cast<JobId>(statement.Int(0));
    const bool wanted = query.states == 0 || (query.states >> statement.Int(1) & 1) != 0;
    if (wanted) page.ids.push_back(last);
  }
}

absl::Status SqliteReader::ForEachUnfinished(const std::function<void(StoredJob)>& visit) {
  absl::MutexLock lock(&mu_);
  const SqliteCursor cursor(unfinished_);
  for (;;) {
    const auto row = unfinished_.Step();
    if (!row.ok() || !*row) return row.status();
    auto job = ReadLocked(static_cast<JobId>(unfinished_.Int(0)));
    if (!job.ok()) return job.status();
    visit(*std::move(job));
  }
}

absl::Status SqliteReader::ForEachRequestKey(
    int64_t created_since_us, const std::function<void(const Digest&, JobId, int64_t)>& visit) {
  absl::MutexLock lock(&mu_);
  const SqliteCursor cursor(keys_);
  keys_.Bind(created_since_us);
  for (;;) {
    const auto row = keys_.Step();
    if (!row.ok() || !*row) return row.status();
    const auto job = ReadJob(keys_);
    if (!job.ok()) return job.status();
    visit(job->request_key, job->id, job->created_us);
  }
}

absl::StatusOr<std::vector<EventRecord>> SqliteReader::ReadEvents(JobId id) {
  absl::MutexLock lock(&mu_);
  const SqliteCursor cursor(events_);
  events_.Bind(static_cast<int64_t>(id));
  std::vector<EventRecord> events;
  for (;;) {
    const auto row = events_.Step();
    if (!row.ok()) return row.status();
    if (!*row) return events;
    auto event = ReadEvent(events_);
    if (!event.ok()) return event.status();
    events.push_back(*std::move(event));
  }
}

absl::StatusOr<JobId> SqliteReader::FindResult(const Digest& key) {
  absl::MutexLock lock(&mu_);
  const SqliteCursor cursor(result_);
  const auto row = result_.BindBlob({reinterpret_cast<const char*>(key.data()), key.size()}).Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::NotFoundError("no such result");
  const auto result = ReadResult(result_);
  if (!result.ok()) return result.status();
  return result->job;
}

absl::Status SqliteReader::ForEachInput(const std::function<void(InputRecord)>& visit) {
  absl::MutexLock lock(&mu_);
  const SqliteCursor cursor(inputs_);
  for (;;) {
    const auto row = inputs_.Step();
    if (!row.ok() || !*row) return row.status();
    auto input = ReadInput(inputs_);
    if (!input.ok()) return input.status();
    visit(*std::move(input));
  }
}

absl::StatusOr<std::vector<ArtifactRecord>> SqliteReader::OldestArtifacts(uint32_t limit) {
  absl::MutexLock lock(&mu_);
  const SqliteCursor cursor(oldest_artifacts_);
  oldest_artifacts_.Bind(limit);
  std::vector<ArtifactRecord> artifacts;
  for (;;) {
    const auto row = oldest_artifacts_.Step();
    if (!row.ok()) return row.status();
    if (!*row) return artifacts;
    auto artifact = ReadArtifact(oldest_artifacts_);
    if (!artifact.ok()) return artifact.status();
    artifacts.push_back(*std::move(artifact));
  }
}

absl::StatusOr<bool> SqliteReader::HasArtifact(JobId job, uint32_t index, uint32_t attempt) {
  absl::MutexLock lock(&mu_);
  const SqliteCursor cursor(has_artifact_);
  return has_artifact_.Bind(static_cast<int64_t>(job)).Bind(index).Bind(attempt).Step();
}

absl::StatusOr<ArtifactTotals> SqliteReader::CountArtifacts() {
  absl::MutexLock lock(&mu_);
  const SqliteCursor cursor(count_artifacts_);
  const auto row = count_artifacts_.Step();
  if (!row.ok()) return row.status();
  return ArtifactTotals{static_cast<uint64_t>(count_artifacts_.Int(0)),
                        static_cast<uint64_t>(count_artifacts_.Int(1))};
}

absl::StatusOr<std::vector<JobId>> SqliteReader::EndedBefore(int64_t ended_us, uint32_t limit) {
  absl::MutexLock lock(&mu_);
  const SqliteCursor cursor(ended_);
  ended_.Bind(kMaxScannedRows);
  std::vector<JobId> ids;
  for (;;) {
    const auto row = ended_.Step();
    if (!row.ok()) return row.status();
    if (!*row || ids.size() == limit) return ids;
    const int64_t ended = ended_.Int(2);
    if (ended != 0 && ended < ended_us) ids.push_back(static_cast<JobId>(ended_.Int(0)));
  }
}

}  // namespace hanga
