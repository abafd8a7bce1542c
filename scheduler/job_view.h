// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Records as the messages that clients see. Pure functions.
#pragma once

#include "absl/time/time.h"
#include "hanga/v1/generation_service.pb.h"
#include "scheduler/live_job.h"
#include "scheduler/records.h"

namespace hanga {

void SetTime(absl::Time time, google::protobuf::Timestamp* out);
void SetTimeUs(int64_t us, google::protobuf::Timestamp* out);
void SetDuration(absl::Duration duration, google::protobuf::Duration* out);
absl::Duration ToDuration(const google::protobuf::Duration& duration);
int64_t ToUs(const google::protobuf::Timestamp& time);

// Moves what was asked for into the job.
void FillRequest(v1::SubmitJobRequest request, v1::Job* job);
void FillRecord(const std::string& tag, const JobRecord& record, v1::Job* job);
void FillArtifact(const std::string& tag, const ArtifactRecord& record, absl::Duration kept_for,
                  v1::Artifact* artifact);

// A job as the store has it.
v1::Job ViewStored(const std::string& tag, const StoredJob& stored, absl::Duration artifacts_kept);

// Progress and artifacts of one that lives; `elapsed_now` is Clock::Elapsed.
void FillRun(const std::string& tag, const LiveJob& live, absl::Duration elapsed_now,
             absl::Duration artifacts_kept, v1::Job* job);

}  // namespace hanga
