// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Examines a data folder that no daemon uses: `hangad check-store`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hanga {

struct StoreReport {
  int schema_version = 0;
  bool older = false;  // than this program's tables: rows were not examined, nor counted
  uint64_t jobs = 0, unfinished_jobs = 0, attempts = 0, artifacts = 0;
  std::vector<std::string> damage;  // one sentence each; empty: the store is sound
};

// Reads every record and every artifact's bytes; changes nothing. NOT_FOUND: no store there;
// FAILED_PRECONDITION: in use, or of a newer version. Damage is in the report, not in the status.
absl::StatusOr<StoreReport> CheckStore(const std::string& data_dir);

}  // namespace hanga
