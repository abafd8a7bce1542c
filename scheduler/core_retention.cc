// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What is kept for how long. The entry goes first, then the file: what is listed can be fetched.
#include <algorithm>

#include "scheduler/core.h"

namespace hanga {
namespace {

constexpr uint32_t kRetentionBatch = 256;

}  // namespace

void Core::ApplyRetention() {
  {
    absl::MutexLock lock(&mu_);
    ForgetRequestKeys();
  }
  ExpireArtifacts();
  ExpireInputs();
  ForgetOldJobs();
}

void Core::ForgetRequestKeys() {
  const int64_t oldest_us = NowUs() - absl::ToInt64Microseconds(options_.retention.request_ids);
  while (!request_key_ages_.empty() && request_key_ages_.front().first < oldest_us) {
    request_keys_.erase(request_key_ages_.front().second);
    request_key_ages_.pop_front();
  }
}

void Core::ExpireArtifacts() {
  const RetentionOptions& keep = options_.retention;
  const auto oldest = store_->OldestArtifacts(kRetentionBatch);
  if (!oldest.ok()) return;
  uint64_t left = 0;
  {
    absl::MutexLock lock(&mu_);
    left = totals_.bytes;
  }
  const int64_t expired_us = NowUs() - absl::ToInt64Microseconds(keep.artifacts);
  StoreChange change;
  std::vector<AttemptFile> files;
  uint64_t bytes = 0;
  for (const ArtifactRecord& artifact : *oldest) {
    const bool too_many = keep.artifact_bytes != 0 && left - bytes > keep.artifact_bytes;
    if (artifact.created_us >= expired_us && !too_many) break;
    change.dropped_artifacts.push_back({artifact.job, artifact.index});
    files.push_back({artifact.job, artifact.index, artifact.attempt});
    bytes += artifact.size_bytes;
  }
  if (files.empty()) return;
  WriteDurably(std::move(change), [this, files, bytes] {
    for (const AttemptFile& file : files) artifacts_.RemoveArtifact(file);
    absl::MutexLock lock(&mu_);
    totals_.count -= files.size();
    totals_.bytes -= bytes;
    next_retention_ = Elapsed();  // there may be more
    Wake();
  });
}

void Core::ExpireInputs() {
  const RetentionOptions& keep = options_.retention;
  const int64_t expired_us = NowUs() - absl::ToInt64Microseconds(keep.inputs);
  absl::MutexLock lock(&mu_);
  StoreChange change;
  change.dropped_inputs = inputs_.Expired(expired_us, keep.input_bytes, kRetentionBatch);
  if (change.dropped_inputs.empty()) return;
  auto dropped = change.dropped_inputs;
  // Gone for who asks from here on; an upload of the same, written after this, brings it back.
  for (const InputRecord& input : dropped) inputs_.Drop(input);
  WriteDurably(std::move(change), [this, dropped = std::move(dropped)] {
    absl::MutexLock lock(&mu_);
    for (const InputRecord& input : dropped) {
      if (!inputs_.Known(input.sha256) && !inputs_.Held(input.sha256)) {
        artifacts_.RemoveBlob(input.sha256);
      }
    }
    next_retention_ = Elapsed();
    Wake();
  });
}

void Core::ForgetOldJobs() {
  const RetentionOptions& keep = options_.retention;
  const absl::Duration age = std::max({keep.jobs, keep.request_ids, keep.artifacts});
  if (age == absl::InfiniteDuration()) return;
  const auto old = store_->EndedBefore(NowUs() - absl::ToInt64Microseconds(age), kRetentionBatch);
  if (!old.ok() || old->empty()) return;
  StoreChange change;
  for (const JobId id : *old) {
    // Its artifacts have expired before it.
    const auto job = store_->Read(id);
    if (job.ok() && job->artifacts.empty()) change.forgotten.push_back(id);
  }
  if (!change.forgotten.empty()) WriteDurably(std::move(change), nullptr);
}

}  // namespace hanga
