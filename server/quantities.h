// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Durations and sizes as people write them.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace hanga {

// "250ms", "30s", "1h30m", "7d". False if `text` is no non-negative duration with a unit.
bool ParseTimeSpan(absl::string_view text, absl::Duration* duration);

// "4096", "500mb", "2.5 GiB": with the units of allocation expressions, all 1024-based. False if `text` is no size, or one of 2^63 bytes or more.
bool ParseByteSize(absl::string_view text, uint64_t* bytes);

}  // namespace hanga
