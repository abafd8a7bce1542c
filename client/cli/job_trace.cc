// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/job_trace.h"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

using nlohmann::json;

// Tracks: 0 is the job; image i has 1 + 3i for attempts, then stages, then steps.
uint32_t AttemptTrack(uint32_t index) { return 1 + 3 * index; }
uint32_t StageTrack(uint32_t index) { return 2 + 3 * index; }
uint32_t StepTrack(uint32_t index) { return 3 + 3 * index; }

json SpanJson(const std::string& name, uint32_t track, absl::Time begin, absl::Time end,
              json arguments) {
  return {{"name", name},
          {"ph", "X"},
          {"pid", 1},
          {"tid", track},
          {"ts", absl::ToUnixMicros(begin)},
          {"dur", std::max<int64_t>(0, absl::ToInt64Microseconds(end - begin))},
          {"args", std::move(arguments)}};
}

json NameJson(uint32_t track, const std::string& name) {
  return {
      {"name", "thread_name"}, {"ph", "M"}, {"pid", 1}, {"tid", track}, {"args", {{"name", name}}}};
}

std::string OutcomeText(v1::AttemptOutcome outcome) {
  std::string text = v1::AttemptOutcome_Name(outcome).substr(16);  // after ATTEMPT_OUTCOME_
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// States as GetJob's history tells them; without it, from the job's own times.
void AddStates(const v1::Job& job, json& events) {
  const absl::Time end = job.has_end_time() ? ToTime(job.end_time()) : absl::Now();
  if (job.events_size() == 0) {
    const absl::Time created = ToTime(job.create_time());
    const absl::Time started = job.has_start_time() ? ToTime(job.start_time()) : end;
    events.push_back(SpanJson("queued", 0, created, started, json::object()));
    if (job.has_start_time()) {
      events.push_back(SpanJson("running", 0, started, end, json::object()));
    }
    return;
  }
  for (int i = 0; i < job.events_size(); ++i) {
    const absl::Time begin = ToTime(job.events(i).time());
    const absl::Time next =
        i + 1 < job.events_size() ? ToTime(job.events(i + 1).time()) : std::max(begin, end);
    events.push_back(
        SpanJson(StateText(job.events(i).state()), 0, begin, next,
                 {{"message", job.events(i).message()}, {"sequence", job.events(i).sequence()}}));
  }
}

void AddAttempts(const v1::Job& job, json& events) {
  for (const v1::Attempt& attempt : job.attempts()) {
    const absl::Time begin = ToTime(attempt.start_time());
    const absl::Time end = attempt.has_end_time() ? ToTime(attempt.end_time()) : absl::Now();
    events.push_back(SpanJson(absl::StrCat("attempt ", attempt.attempt()),
                              AttemptTrack(attempt.index()), begin, end,
                              {{"worker", attempt.worker()},
                               {"outcome", OutcomeText(attempt.outcome())},
                               {"error", attempt.error().message()},
                               {"saved_step", attempt.saved_step()}}));
  }
}

}  // namespace

void JobTrace::See(const v1::Job& job, absl::Time now) {
  for (const v1::TaskProgress& task : job.tasks()) SeeTask(task, now);
}

void JobTrace::SeeTask(const v1::TaskProgress& task, absl::Time now) {
  Image& image = images_[task.index()];
  const bool first = image.stage == v1::TASK_STAGE_UNSPECIFIED;
  const bool changed = image.stage != task.stage() || image.attempt != task.attempt();
  if (!first && image.step < task.step() && !(changed && image.attempt != task.attempt())) {
    // Several steps between two looks share the time in between.
    const absl::Duration each = (now - image.step_begin) / (task.step() - image.step);
    for (uint32_t step = image.step; step < task.step(); ++step) {
      const absl::Time begin = image.step_begin + each * (step - image.step);
      spans_.push_back({absl::StrCat("step ", step + 1), StepTrack(task.index()), begin,
                        begin + each, image.worker});
    }
  }
  if (!first && changed) {
    spans_.push_back(
        {StateText(image.stage), StageTrack(task.index()), image.stage_begin, now, image.worker});
  }
  if (first || changed) image.stage_begin = now;
  if (first || changed || image.step != task.step()) image.step_begin = now;
  image.stage = task.stage();
  image.step = task.step();
  image.attempt = task.attempt();
  image.worker = task.worker();
}

std::string JobTrace::ToChromeJson(const v1::Job& job) const {
  json events = json::array();
  events.push_back({{"name", "process_name"},
                    {"ph", "M"},
                    {"pid", 1},
                    {"args", {{"name", absl::StrCat(job.name(), " ", job.spec().model())}}}});
  events.push_back(NameJson(0, "job"));
  const uint32_t images = std::max({1U, job.spec().num_images()});
  for (uint32_t i = 0; i < images; ++i) {
    events.push_back(NameJson(AttemptTrack(i), absl::StrCat("image ", i, " attempts")));
    events.push_back(NameJson(StageTrack(i), absl::StrCat("image ", i, " stages")));
    events.push_back(NameJson(StepTrack(i), absl::StrCat("image ", i, " steps")));
  }
  AddStates(job, events);
  AddAttempts(job, events);
  for (const Span& span : spans_) {
    events.push_back(
        SpanJson(span.name, span.track, span.begin, span.end, {{"worker", span.worker}}));
  }
  return json{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

}  // namespace hanga::cli
