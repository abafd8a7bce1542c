// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The prepared statements of a change. Each gives the same result when it is repeated, and none
// goes back behind what is newer (job_store.h, 3).
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/job_store.h"
#include "scheduler/sqlite_db.h"

namespace hanga {

// Not thread-safe: owned by the store's writer.
class SqliteChanges {
 public:
  static absl::StatusOr<SqliteChanges> Prepare(SqliteDb& db);

  // Within the caller's transaction.
  absl::Status Apply(const StoreChange& change);

 private:
  absl::Status ApplyDropped(const StoreChange& change);
  absl::Status Forget(JobId id);

  SqliteStatement insert_job_, insert_request_, update_job_, put_attempt_, put_artifact_,
      put_event_, put_result_, put_input_, drop_artifact_, drop_result_, drop_input_;
  SqliteStatement forget_[6];
};

}  // namespace hanga
