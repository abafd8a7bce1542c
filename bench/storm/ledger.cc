// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/storm/ledger.h"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace hanga::bench {

void Ledger::Acknowledged(const std::string& request_id, const v1::Job& job) {
  absl::MutexLock lock(&mutex_);
  const auto [known, is_new] = by_request_.emplace(request_id, job.name());
  if (!is_new) {
    if (known->second != job.name()) {
      AddViolation(absl::StrCat("one request became ", known->second, " and ", job.name()));
    }
    return;
  }
  if (!jobs_.emplace(job.name(), Entry{.request_id = request_id}).second) {
    AddViolation(absl::StrCat(job.name(), " was the answer to two requests"));
  }
  live_.insert(job.name());
  ++tally_.submitted;
}

void Ledger::Ended(const v1::Job& job) {
  absl::MutexLock lock(&mutex_);
  Entry& entry = jobs_[job.name()];
  live_.erase(job.name());
  if (entry.final_state == job.state()) return;
  if (entry.final_state != v1::JOB_STATE_UNSPECIFIED) {
    AddViolation(absl::StrCat(job.name(), " was ", v1::JobState_Name(entry.final_state), ", then ",
                              v1::JobState_Name(job.state())));
    return;
  }
  entry.final_state = job.state();
  if (job.state() == v1::JOB_STATE_FAILED && job.spec().model() != "models/broken" &&
      job.error().reason() != "NO_SPACE") {
    AddViolation(absl::StrCat(job.name(), " failed: ", job.error().ShortDebugString()));
  }
  if (job.state() == v1::JOB_STATE_SUCCEEDED) ++tally_.succeeded;
  if (job.state() == v1::JOB_STATE_FAILED) ++tally_.failed;
  if (job.state() == v1::JOB_STATE_CANCELLED) ++tally_.cancelled;
  if (job.state() == v1::JOB_STATE_EXPIRED) ++tally_.expired;
}

void Ledger::Drawn(const v1::Job& job, const v1::Artifact& artifact) {
  const std::string drawing =
      absl::StrCat(job.spec().model(), " ", job.spec().prompt(), " ", job.spec().steps(), " ",
                   job.spec().seed() + artifact.index());
  absl::MutexLock lock(&mutex_);
  const auto [same, first] = drawings_.emplace(drawing, artifact.sha256());
  if (!first && same->second != artifact.sha256()) {
    AddViolation(absl::StrCat(artifact.name(), " differs from an equal drawing"));
  }
  const auto [known, is_new] =
      jobs_[job.name()].artifacts.emplace(artifact.index(), artifact.sha256());
  if (!is_new && known->second != artifact.sha256()) {
    AddViolation(absl::StrCat(artifact.name(), " has become another picture"));
  }
  tally_.images += is_new ? 1 : 0;
}

void Ledger::Violation(std::string what) {
  absl::MutexLock lock(&mutex_);
  AddViolation(std::move(what));
}

void Ledger::AddViolation(std::string what) {
  std::cerr << "VIOLATION " << what << std::endl;
  violations_.push_back(std::move(what));
}

std::optional<std::string> Ledger::LiveJob(uint64_t pick) {
  absl::MutexLock lock(&mutex_);
  if (live_.empty()) return std::nullopt;
  return *std::next(live_.begin(), static_cast<std::ptrdiff_t>(pick % live_.size()));
}

void Ledger::Interrupt(uint64_t pick) {
  absl::MutexLock lock(&mutex_);
  if (!streams_.empty()) streams_[pick % streams_.size()]->Trigger();
}

Ledger::StreamScope::StreamScope(Ledger& ledger, client::Interrupt& interrupt)
    : ledger_(ledger), interrupt_(interrupt) {
  absl::MutexLock lock(&ledger_.mutex_);
  ledger_.streams_.push_back(&interrupt_);
}

Ledger::StreamScope::~StreamScope() {
  absl::MutexLock lock(&ledger_.mutex_);
  std::erase(ledger_.streams_, &interrupt_);
}

Tally Ledger::tally() {
  absl::MutexLock lock(&mutex_);
  return tally_;
}

std::map<std::string, v1::JobState> Ledger::jobs() {
  absl::MutexLock lock(&mutex_);
  std::map<std::string, v1::JobState> states;
  for (const auto& [name, entry] : jobs_) states[name] = entry.final_state;
  return states;
}

std::vector<std::string> Ledger::violations() {
  absl::MutexLock lock(&mutex_);
  return violations_;
}

}  // namespace hanga::bench
