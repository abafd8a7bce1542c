// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// An identical request is answered by links to the files of an earlier job: each job has artifacts
// of its own, and outlives the other's.
#include <utility>

#include "scheduler/core.h"
#include "scheduler/result_key.h"

namespace hanga {

// Reads the disk.
std::optional<CachedResult> Core::TakeCached(const Caller& caller, const v1::Model& model,
                                             const v1::GenerationSpec& spec) {
  CachedResult cached;
  std::optional<Digest> key;
  {
    absl::MutexLock lock(&mu_);
    // Until it is, a link might get the name of a file that is about to be removed.
    if (!swept_ || draining_) return std::nullopt;
    const auto index = models_.Find(spec.model());
    if (index.has_value()) key = ResultKey(caller.tenant, model, models_.revision(*index), spec);
  }
  if (!key.has_value()) return std::nullopt;
  const auto found = store_->FindResult(*key);
  if (!found.ok()) return std::nullopt;
  const auto earlier = store_->Read(*found);
  if (!earlier.ok() || earlier->job.tenant != caller.tenant ||
      earlier->job.state != v1::JOB_STATE_SUCCEEDED ||
      earlier->artifacts.size() != spec.num_images()) {
    return std::nullopt;
  }
  {
    absl::MutexLock lock(&mu_);
    cached.job = next_job_++;
  }
  cached.from = *found;
  if (LinkArtifacts(*earlier, &cached)) return cached;
  ForgetLinks(cached);
  return std::nullopt;
}

bool Core::LinkArtifacts(const StoredJob& earlier, CachedResult* cached) {
  for (const ArtifactRecord& artifact : earlier.artifacts) {
    ArtifactRecord copy = artifact;
    copy.job = cached->job;
    copy.attempt = 0;  // of no worker
    copy.created_us = NowUs();
    const auto linked = artifacts_.LinkArtifact({artifact.job, artifact.index, artifact.attempt},
                                                {copy.job, copy.index, copy.attempt});
    if (!linked.ok()) return false;
    cached->artifacts.push_back(std::move(copy));
  }
  return artifacts_.SyncArtifacts(cached->job).ok();
}

void Core::ForgetLinks(const CachedResult& cached) {
  for (const ArtifactRecord& artifact : cached.artifacts) {
    artifacts_.RemoveArtifact({artifact.job, artifact.index, artifact.attempt});
  }
}

void Core::CountCached(const LiveJob& job, const CachedResult& cached) {
  ++measures_.submitted;
  ++measures_.cached;
  ModelMeasures& model = measures_.models[models_.name(job.model)];
  ++model.submitted;
  ++model.succeeded;
  for (const ArtifactRecord& artifact : cached.artifacts) {
    ++totals_.count;
    totals_.bytes += artifact.size_bytes;
  }
}

// Images drawn from different contents of a model are no result that another request could mean.
void Core::NoteResultKey(LiveJob& job, const v1::GenerationSpec& spec) {
  const auto key = ResultKey(tenants_[job.tenant].name, models_.facts(job.model),
                             models_.revision(job.model), spec);
  if (!std::exchange(job.run->keyed, true)) job.run->result_key = key;
  if (job.run->result_key != key) job.run->result_key.reset();
}

}  // namespace hanga
