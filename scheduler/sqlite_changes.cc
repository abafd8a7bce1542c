// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/sqlite_changes.h"

#include "absl/strings/str_cat.h"
#include "scheduler/sqlite_rows.h"

namespace hanga {

absl::StatusOr<SqliteChanges> SqliteChanges::Prepare(SqliteDb& db) {
  SqliteChanges changes;
  const auto prepare = [&db](SqliteStatement& statement, const std::string& sql) {
    auto prepared = db.Prepare(sql.c_str());
    if (prepared.ok()) statement = *std::move(prepared);
    return prepared.status();
  };
  const std::pair<SqliteStatement*, std::string> statements[] = {
      {&changes.insert_job_, absl::StrCat("INSERT OR IGNORE INTO jobs (", kJobColumns,
                                          ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")},
      {&changes.insert_request_,
       absl::StrCat("INSERT OR IGNORE INTO requests (", kRequestColumns, ") VALUES (?, ?, ?, ?)")},
      {&changes.update_job_,
       "UPDATE jobs SET state = ?2, sequence = ?3, priority = ?4, tenant = ?5, created = ?6, "
       "started = ?7, ended = ?8, request_key = ?9, error = ?10, cached_from = ?11, "
       "crc = ?12 "
       "WHERE id = ?1 AND sequence < ?3"},
      {&changes.put_attempt_,
       absl::StrCat("INSERT INTO attempts (", kAttemptColumns,
                    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET ended = excluded.ended, outcome = excluded.outcome, "
                    "error = excluded.error, checkpoint_bytes = excluded.checkpoint_bytes, "
                    "step = excluded.step, steps = excluded.steps, crc = excluded.crc "
                    "WHERE outcome = 0")},
      {&changes.put_artifact_, absl::StrCat("INSERT OR IGNORE INTO artifacts (", kArtifactColumns,
                                            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")},
      {&changes.put_event_, absl::StrCat("INSERT OR IGNORE INTO events (", kEventColumns,
                                         ") VALUES (?, ?, ?, ?, ?, ?)")},
      {&changes.put_result_,
       absl::StrCat("INSERT OR REPLACE INTO results (", kResultColumns, ") VALUES (?, ?, ?)")},
      {&changes.put_input_,
       absl::StrCat("INSERT OR REPLACE INTO inputs (", kInputColumns, ") VALUES (?, ?, ?, ?, ?)")},
      {&changes.drop_artifact_, "DELETE FROM artifacts WHERE job = ? AND idx = ?"},
      {&changes.drop_result_, "DELETE FROM results WHERE job = ?"},
      {&changes.drop_input_, "DELETE FROM inputs WHERE sha256 = ? AND tenant = ?"},
      {&changes.forget_[0], "DELETE FROM artifacts WHERE job = ?"},
      {&changes.forget_[1], "DELETE FROM attempts WHERE job = ?"},
      {&changes.forget_[2], "DELETE FROM requests WHERE id = ?"},
      {&changes.forget_[3], "DELETE FROM jobs WHERE id = ?"},
      {&changes.forget_[4], "DELETE FROM events WHERE job = ?"},
      {&changes.forget_[5], "DELETE FROM results WHERE job = ?"},
  };
  for (const auto& [statement, sql] : statements) {
    if (auto status = prepare(*statement, sql); !status.ok()) return status;
  }
  return changes;
}

absl::Status SqliteChanges::Apply(const StoreChange& change) {
  absl::Status status;
  auto job = change.jobs.begin();
  if (change.request != nullptr) {
    BindJob(insert_job_, *job);
    status.Update(insert_job_.Run());
    BindRequest(insert_request_, job->id, *change.request);
    status.Update(insert_request_.Run());
    ++job;
  }
  for (; job != change.jobs.end(); ++job) {
    BindJob(update_job_, *job);
    status.Update(update_job_.Run());
  }
  for (const AttemptRecord& attempt : change.attempts) {
    BindAttempt(put_attempt_, attempt);
    status.Update(put_attempt_.Run());
  }
  for (const ArtifactRecord& artifact : change.artifacts) {
    BindArtifact(put_artifact_, artifact);
    status.Update(put_artifact_.Run());
  }
  for (const EventRecord& event : change.events) {
    BindEvent(put_event_, event);
    status.Update(put_event_.Run());
  }
  for (const ResultRecord& result : change.results) {
    BindResult(put_result_, result);
    status.Update(put_result_.Run());
  }
  for (const InputRecord& input : change.inputs) {
    BindInput(put_input_, input);
    status.Update(put_input_.Run());
  }
  status.Update(ApplyDropped(change));
  return status;
}

absl::Status SqliteChanges::ApplyDropped(const StoreChange& change) {
  absl::Status status;
  for (const ArtifactId& artifact : change.dropped_artifacts) {
    drop_artifact_.Bind(static_cast<int64_t>(artifact.job)).Bind(artifact.index);
    status.Update(drop_artifact_.Run());
    drop_result_.Bind(static_cast<int64_t>(artifact.job));
    status.Update(drop_result_.Run());
  }
  for (const InputRecord& input : change.dropped_inputs) {
    drop_input_.BindText(input.sha256).BindText(input.tenant);
    status.Update(drop_input_.Run());
  }
  for (const JobId id : change.forgotten) status.Update(Forget(id));
  return status;
}

absl::Status SqliteChanges::Forget(JobId id) {
  absl::Status status;
  for (SqliteStatement& statement : forget_) {
    statement.Bind(static_cast<int64_t>(id));
    status.Update(statement.Run());
  }
  return status;
}

}  // namespace hanga
