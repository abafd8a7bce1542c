// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The tables of the job store and the steps that bring an older file up to date.
// docs/formats/job-store.md tells them as prose.
#pragma once

#include "absl/status/status.h"
#include "scheduler/sqlite_db.h"

namespace hanga {

inline constexpr int kSchemaVersion = 2;
inline constexpr int kApplicationId = 0x48616e67;  // "Hang", in the file's header

// Brings the file to kSchemaVersion, each step in a transaction of its own; makes a new one.
// FAILED_PRECONDITION: it is of a newer version, or is not Hanga's.
absl::Status MigrateSchema(SqliteDb& db);

// The version of a file that is Hanga's and not newer; changes nothing. Errors as above.
absl::StatusOr<int> ReadSchemaVersion(SqliteDb& db);

}  // namespace hanga
