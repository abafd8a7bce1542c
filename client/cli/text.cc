// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace hanga::cli {
namespace {

// "JOB_STATE_RUNNING" without its prefix, in words.
std::string Words(const std::string& enumerator, size_t prefix_size) {
  std::string words = enumerator.substr(std::min(prefix_size, enumerator.size()));
  for (char& c : words) c = c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  return words;
}

std::string Scaled(double value, const char* const (&units)[5]) {
  size_t unit = 0;
  while (value >= 1000 && unit < 4) value /= 1000, ++unit;
  return unit == 0 ? absl::StrFormat("%.0f%s", value, units[0])
                   : absl::StrFormat("%.3g%s", value, units[unit]);
}

}  // namespace

std::string ResourceName(std::string_view collection, std::string_view id) {
  std::string prefix = std::string(collection) + "/";
  return id.starts_with(prefix) ? std::string(id) : prefix + std::string(id);
}

std::string ResourceId(std::string_view name) {
  return std::string(name.substr(name.rfind('/') + 1));
}

std::string StateText(v1::JobState state) {
  return Words(v1::JobState_Name(state), sizeof("JOB_STATE_") - 1);
}
std::string StateText(v1::TaskStage stage) {
  return Words(v1::TaskStage_Name(stage), sizeof("TASK_STAGE_") - 1);
}
std::string StateText(v1::ModelState state) {
  return Words(v1::ModelState_Name(state), sizeof("MODEL_STATE_") - 1);
}
std::string StateText(v1::WorkerState state) {
  return Words(v1::WorkerState_Name(state), sizeof("WORKER_STATE_") - 1);
}
std::string StateText(v1::AttemptOutcome outcome) {
  return Words(v1::AttemptOutcome_Name(outcome), sizeof("ATTEMPT_OUTCOME_") - 1);
}
std::string StateText(v1::Priority priority) {
  return Words(v1::Priority_Name(priority), sizeof("PRIORITY_") - 1);
}

absl::StatusOr<v1::JobState> ParseJobState(std::string_view flag, const std::string& text) {
  for (int number = v1::JobState_MIN; number <= v1::JobState_MAX; ++number) {
    const auto state = static_cast<v1::JobState>(number);
    if (state != v1::JOB_STATE_UNSPECIFIED && StateText(state) == text) return state;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(flag), ": \"", text, "\" is no state of jobs"));
}

std::string NoteText(const v1::Worker& worker) {
  if (!worker.problem().empty() || !worker.has_loading()) return worker.problem();
  const v1::LoadProgress& loading = worker.loading();
  return absl::StrCat("loads ", ResourceId(loading.model()), ", ", BytesText(loading.bytes()),
                      " of ", BytesText(loading.expected_bytes()));
}

std::string ClockText(absl::Duration duration) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(duration));
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string BytesText(uint64_t bytes) {
  return Scaled(static_cast<double>(bytes), {" B", " kB", " MB", " GB", " TB"});
}

std::string CountText(uint64_t count) {
  return Scaled(static_cast<double>(count), {"", " k", " M", " B", " T"});
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view flag, const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        std::string(flag), ": \"", text, "\" is not a duration such as 90s, 10m or 1h30m"));
  }
  return duration;
}

}  // namespace hanga::cli
