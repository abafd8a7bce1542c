// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What of the configuration concerns the scheduler, in its words. Pure.
#pragma once

#include <string>

#include "scheduler/options.h"
#include "server/config.h"

namespace hanga {

SchedulerOptions MakeSchedulerOptions(const Config& config, const std::string& data_folder);

}  // namespace hanga
