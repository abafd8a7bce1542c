// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <memory>

#include "scheduler/core.h"
#include "scheduler/status_details.h"
#include "scheduler/watcher.h"

namespace hanga {

void Core::Notify(JobId id) {
  const auto [begin, end] = watchers_.equal_range(id);
  for (auto it = begin; it != end; ++it) {
    if (std::exchange(it->second->told_, true)) continue;
    it->second->wake_();
  }
}

void Core::Touch(LiveJob& job) {
  if (job.ending) return;  // its final record has the greatest sequence
  ++job.sequence;
  Notify(job.id);
}

absl::StatusOr<std::unique_ptr<JobWatch>> Core::Watch(const Caller& caller,
                                                      const v1::WatchJobRequest& request,
                                                      std::function<void()> wake) {
  const auto named = ParseJobName(tag(), request.name());
  const JobId id = named.value_or(0);  // which no job has
  const auto job = View(id, &caller);
  if (!job.ok()) return job.status();
  auto watcher = std::make_unique<Watcher>(*this, id, request.after_sequence(), request.previews(),
                                           std::move(wake));
  absl::MutexLock lock(&mu_);
  watchers_.emplace(id, watcher.get());
  return watcher;
}

std::vector<v1::Preview> Core::PreviewsAfter(JobId id, uint64_t* number) {
  std::vector<v1::Preview> previews;
  absl::MutexLock lock(&mu_);
  const LiveJob* job = FindLive(id);
  if (job == nullptr || job->run == nullptr) return previews;
  for (const auto& [index, preview] : job->run->previews) {
    if (preview.number > *number) previews.push_back(preview.preview);
  }
  *number = job->run->last_preview;
  return previews;
}

Watcher::~Watcher() {
  absl::MutexLock lock(&core_.mu_);
  const auto [begin, end] = core_.watchers_.equal_range(id_);
  const auto own = std::find_if(begin, end, [this](const auto& e) { return e.second == this; });
  if (own != end) core_.watchers_.erase(own);
}

std::optional<v1::WatchJobResponse> Watcher::Take() {
  {
    absl::MutexLock lock(&core_.mu_);
    told_ = false;  // what changes from here on is told again
  }
  v1::WatchJobResponse response = Peek();
  absl::MutexLock lock(&core_.mu_);
  if (response.job().sequence() <= taken_) return std::nullopt;
  taken_ = response.job().sequence();
  return response;
}

v1::WatchJobResponse Watcher::Peek() {
  v1::WatchJobResponse response;
  if (previews_) {
    for (auto& preview : core_.PreviewsAfter(id_, &taken_preview_)) {
      *response.add_previews() = std::move(preview);
    }
  }
  auto job = core_.View(id_, /*caller=*/nullptr);
  if (job.ok()) *response.mutable_job() = *std::move(job);
  return response;
}

}  // namespace hanga
