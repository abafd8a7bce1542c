// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/job_state.h"

#include <algorithm>

namespace hanga {
namespace {

constexpr JobTransition kTransitions[] = {
    {v1::JOB_STATE_QUEUED, v1::JOB_STATE_RUNNING, "a task was assigned"},
    {v1::JOB_STATE_QUEUED, v1::JOB_STATE_CANCELLED, "cancelled in the queue"},
    {v1::JOB_STATE_QUEUED, v1::JOB_STATE_EXPIRED, "its deadline passed in the queue"},
    {v1::JOB_STATE_QUEUED, v1::JOB_STATE_FAILED, "its model cannot be run any more"},
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_QUEUED, "its only attempts were lost"},
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_SUCCEEDED, "every image is stored"},
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_FAILED, "an image has failed for good"},
    {v1::JOB_STATE_RUNNING, v1::JOB_STATE_CANCELLING, "cancelled on a worker"},
    {v1::JOB_STATE_CANCELLING, v1::JOB_STATE_CANCELLED, "no worker holds it any more"},
    {v1::JOB_STATE_CANCELLING, v1::JOB_STATE_SUCCEEDED, "it finished first"},
    {v1::JOB_STATE_CANCELLING, v1::JOB_STATE_FAILED, "it failed first"},
};

}  // namespace

absl::Span<const JobTransition> JobTransitions() { return kTransitions; }

absl::string_view WhyBecomes(v1::JobState from, v1::JobState to) {
  const auto* const found =
      std::find_if(std::begin(kTransitions), std::end(kTransitions),
                   [&](const JobTransition& t) { return t.from == from && t.to == to; });
  return found == std::end(kTransitions) ? absl::string_view() : found->why;
}

bool MayBecome(v1::JobState from, v1::JobState to) { return !WhyBecomes(from, to).empty(); }

bool IsFinal(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
         state == v1::JOB_STATE_CANCELLED || state == v1::JOB_STATE_EXPIRED;
}

absl::string_view StateName(v1::JobState state) {
  absl::string_view name = v1::JobState_Name(state);
  name.remove_prefix(sizeof("JOB_STATE_") - 1);
  return name;
}

}  // namespace hanga
