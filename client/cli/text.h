// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How the program writes names, states, times and sizes for people.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hanga/v1/cluster_service.pb.h"
#include "hanga/v1/job.pb.h"
#include "hanga/v1/model_service.pb.h"

namespace hanga::cli {

// "jobs/abc" from "jobs" and "abc" or "jobs/abc"; and "abc" from either.
std::string ResourceName(std::string_view collection, std::string_view id);
std::string ResourceId(std::string_view name);

std::string StateText(v1::JobState state);          // "running"
std::string StateText(v1::TaskStage stage);         // "denoising"
std::string StateText(v1::ModelState state);        // "usable"
std::string StateText(v1::WorkerState state);       // "backing off"
std::string StateText(v1::Priority priority);       // "normal"
std::string StateText(v1::AttemptOutcome outcome);  // "lost"

// The state that StateText writes so. INVALID_ARGUMENT names `flag`.
absl::StatusOr<v1::JobState> ParseJobState(std::string_view flag, const std::string& text);

// What to say of a worker: its problem, or the model that it loads.
std::string NoteText(const v1::Worker& worker);

std::string ClockText(absl::Duration duration);  // "0:07", "1:02:03"
std::string BytesText(uint64_t bytes);           // "1.5 GB"
std::string CountText(uint64_t count);           // "11.9 B" parameters

absl::Duration ToDuration(const google::protobuf::Duration& duration);
absl::Time ToTime(const google::protobuf::Timestamp& time);

// "90s", "10m", "1h30m". INVALID_ARGUMENT names `flag`.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view flag, const std::string& text);

}  // namespace hanga::cli
