// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Why a job is in its state: its attempts and the changes of its state, as clients see them.
#pragma once

#include <string>
#include <vector>

#include "hanga/v1/job.pb.h"
#include "scheduler/records.h"

namespace hanga {

// Fills Job.attempts and Job.events. The submission is the first event, and has no record.
void FillHistory(const JobRecord& record, const std::vector<AttemptRecord>& attempts,
                 const std::vector<EventRecord>& events, v1::Job* job);

}  // namespace hanga
