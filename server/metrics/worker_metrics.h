// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The workers as families: who is up, their memory, links, caches and predictions.
#pragma once

#include "scheduler/measures.h"
#include "server/metrics/families.h"

namespace hanga {

void AddWorkerMetrics(const Measures& measures, Families* families);

}  // namespace hanga
