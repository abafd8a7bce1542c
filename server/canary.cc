// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/canary.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/job_state.h"

namespace hanga {
namespace {

Caller Self() { return {.tenant = "canary", .administrator = false}; }

uint32_t RoundUp(uint32_t value, uint32_t multiple) {
  return multiple == 0 ? value : (value + multiple - 1) / multiple * multiple;
}

// What a callback leaves for a thread that may have stopped waiting for it.
template <typename Value>
struct Answer {
  absl::Mutex mutex;
  std::optional<Value> value ABSL_GUARDED_BY(mutex);

  void Set(Value given) {
    absl::MutexLock lock(&mutex);
    value = std::move(given);
  }
  std::optional<Value> Take() {
    absl::MutexLock lock(&mutex);
    return std::exchange(value, std::nullopt);
  }
};

constexpr absl::Duration kLook = absl::Milliseconds(20);

}  // namespace

Canary::Canary(const CanaryConfig& config, Scheduler* scheduler)
    : config_(config), scheduler_(scheduler), thread_([this] { Loop(); }) {}

void Canary::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

CanaryMeasures Canary::measures() const {
  absl::MutexLock lock(&mutex_);
  CanaryMeasures measures = measures_;
  measures.unanswered = std::max(absl::ZeroDuration(), absl::Now() - submitted_);
  return measures;
}

bool Canary::WaitFor(absl::Duration time) {
  absl::MutexLock lock(&mutex_);
  return !mutex_.AwaitWithTimeout(absl::Condition(&stopping_), time);
}

void Canary::Loop() {
  while (WaitFor(config_.interval)) {
    const absl::Time begun = absl::Now();
    const End end = Run();
    absl::MutexLock lock(&mutex_);
    if (end == End::kFailed) ++measures_.failed;
    if (end == End::kLate) ++measures_.late;
    if (end != End::kSucceeded) continue;
    ++measures_.succeeded;
    measures_.last_success = absl::Now();
    measures_.duration.Observe(measures_.last_success - begun);
  }
}

Canary::End Canary::Run() {
  const absl::Time until = absl::Now() + config_.patience;
  auto request = MakeRequest();
  const auto job = request.ok() ? Submit(*std::move(request)) : request.status();
  if (absl::IsCancelled(job.status())) return End::kStopped;
  if (!job.ok()) {
    spdlog::warn("the canary was refused model={}: {}", config_.model,
                 std::string(job.status().message()));
    return End::kFailed;
  }
  const End end = Follow(job->name(), until);
  if (end == End::kSucceeded) return end;
  scheduler_->Cancel(Self(), job->name(), [](absl::StatusOr<v1::Job>) {});
  if (end == End::kLate) {
    spdlog::warn("the canary was not done in time job={} patience={}", job->name(),
                 absl::FormatDuration(config_.patience));
  }
  return end;
}

// The least that the model draws: one step of its smallest picture.
absl::StatusOr<v1::SubmitJobRequest> Canary::MakeRequest() const {
  const std::string name = absl::StrCat("models/", config_.model);
  const auto model = scheduler_->GetModel(name);
  if (!model.ok()) return model.status();
  v1::SubmitJobRequest request;
  request.set_priority(v1::PRIORITY_HIGH);
  v1::GenerationSpec& spec = *request.mutable_spec();
  spec.set_model(name);
  spec.set_prompt("a canary");
  spec.set_steps(1);
  const v1::ModelLimits& limits = model->limits();
  spec.set_width(RoundUp(limits.min_width(), limits.size_multiple()));
  spec.set_height(RoundUp(limits.min_height(), limits.size_multiple()));
  return request;
}

absl::StatusOr<v1::Job> Canary::Submit(v1::SubmitJobRequest request) {
  const auto answer = std::make_shared<Answer<absl::StatusOr<v1::Job>>>();
  {
    absl::MutexLock lock(&mutex_);
    submitted_ = absl::Now();
  }
  scheduler_->Submit(Self(), std::move(request),
                     [answer](absl::StatusOr<v1::Job> job) { answer->Set(std::move(job)); });
  auto job = answer->Take();
  while (!job && WaitFor(kLook)) job = answer->Take();
  absl::MutexLock lock(&mutex_);
  submitted_ = absl::InfiniteFuture();
  if (!job) return absl::CancelledError("stopping");
  return *std::move(job);
}

Canary::End Canary::Follow(const std::string& job, absl::Time until) {
  const auto woken = std::make_shared<Answer<bool>>();
  v1::WatchJobRequest request;
  request.set_name(job);
  auto watch = scheduler_->Watch(Self(), request, [woken] { woken->Set(true); });
  if (!watch.ok()) return End::kFailed;
  woken->Set(true);
  do {
    if (!woken->Take()) continue;
    const auto state = (*watch)->Take();
    if (!state || !IsFinal(state->job().state())) continue;
    if (state->job().state() == v1::JOB_STATE_SUCCEEDED) return End::kSucceeded;
    spdlog::warn("the canary failed job={} reason={}: {}", job, state->job().error().reason(),
                 state->job().error().message());
    return End::kFailed;
  } while (absl::Now() < until && WaitFor(kLook));
  return absl::Now() < until ? End::kStopped : End::kLate;
}

}  // namespace hanga
