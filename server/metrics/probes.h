// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What /livez and /readyz say.
#pragma once

#include "absl/time/time.h"
#include "scheduler/measures.h"
#include "server/metrics/canary_metrics.h"
#include "server/metrics/http_server.h"

namespace hanga {

// The dispatcher makes several rounds a second, also when nothing is to be done; after this long
// without one it is stuck, and starting anew is the better choice.
inline constexpr absl::Duration kLongestRound = absl::Seconds(60);

// 200 while the loops turn; else 503 and which one does not. A canary that fails is no reason,
// since starting hangad anew helps no worker; one whose submit gets no answer at all is.
HttpAnswer Liveness(const Measures& measures, const CanaryMeasures& canary, bool pool_answers);

// 200 while a worker takes tasks; else 503. The text names every worker and what it waits for, so
// that a start can be followed.
HttpAnswer Readiness(const Measures& measures, bool stopping);

}  // namespace hanga
