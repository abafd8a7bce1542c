// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hangad itself as families: its build, and what the kernel says of its process.
#pragma once

#include "server/metrics/families.h"

namespace hanga {

void AddProcessMetrics(Families* families);

}  // namespace hanga
