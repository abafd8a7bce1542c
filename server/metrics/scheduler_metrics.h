// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The scheduler's measures as families: jobs, queue, attempts, steps, store.
#pragma once

#include "scheduler/measures.h"
#include "server/metrics/families.h"

namespace hanga {

void AddSchedulerMetrics(const Measures& measures, Families* families);

}  // namespace hanga
