// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The job store in one SQLite file: write-ahead log, synchronous = FULL, group commit.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "scheduler/data_folder.h"
#include "scheduler/job_store.h"

namespace hanga {

// Opens DATA/jobs.db, or makes it. The folder stays locked by the caller as long as the store
// lives. DATA_LOSS names the damage found; FAILED_PRECONDITION: a newer version, or not Hanga's
// file.
absl::StatusOr<std::unique_ptr<JobStore>> OpenSqliteJobStore(const DataFolder& folder);

}  // namespace hanga
