// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/job_history.h"
#include "scheduler/job_state.h"
#include "scheduler/job_view.h"
#include "scheduler/page.h"
#include "scheduler/request_check.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

absl::Status NoSuchJob() {
  return StatusWithReason(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                          "name: there is no such job");
}

absl::Status Reason(absl::Status status) {
  if (absl::IsNotFound(status)) return NoSuchJob();
  return StatusWithReason(status.code(), "STORE_UNAVAILABLE", status.message());
}

}  // namespace

LiveJob* Core::FindLive(JobId id) {
  const auto it = jobs_.find(id);
  return it == jobs_.end() ? nullptr : it->second.get();
}

bool Core::MaySee(const Caller& caller, const std::string& tenant) const {
  return caller.administrator || caller.tenant == tenant;
}

absl::StatusOr<v1::Job> Core::Get(const Caller& caller, absl::string_view name) {
  const auto id = ParseJobName(tag(), name);
  if (!id.has_value()) return NoSuchJob();
  auto job = View(*id, &caller);
  if (job.ok()) AddHistory(*id, &*job);
  return job;
}

// As far as it is durable; a job that was forgotten meanwhile has none.
void Core::AddHistory(JobId id, v1::Job* job) {
  const auto stored = store_->Read(id);
  const auto events = store_->ReadEvents(id);
  if (stored.ok() && events.ok()) FillHistory(stored->job, stored->attempts, *events, job);
}

absl::StatusOr<v1::Job> Core::View(JobId id, const Caller* caller) {
  const auto request = ReadRequest(id);
  {
    absl::MutexLock lock(&mu_);
    if (const LiveJob* live = FindLive(id); live != nullptr && request != nullptr) {
      if (caller != nullptr && !MaySee(*caller, tenants_[live->tenant].name)) return NoSuchJob();
      return ViewLive(*live, *request);
    }
  }
  const auto stored = store_->Read(id);
  if (!stored.ok()) return Reason(stored.status());
  if (caller != nullptr && !MaySee(*caller, stored->job.tenant)) return NoSuchJob();
  return ViewStored(tag(), *stored, options_.retention.artifacts);
}

v1::Job Core::ViewLive(const LiveJob& live, v1::SubmitJobRequest request) {
  v1::Job job;
  ResolveSpec(models_.facts(live.model), request.spec().seed(), request.mutable_spec());
  FillRequest(std::move(request), &job);
  FillRecord(tag(), MakeRecord(live), &job);
  FillRun(tag(), live, Elapsed(), options_.retention.artifacts, &job);
  if (live.state != v1::JOB_STATE_QUEUED) return job;
  const uint64_t ahead = queue_.Position(live.line(), live.queue_key(), [this](uint32_t tenant) {
    return tenants_[tenant].options.weight;
  });
  job.set_queue_position(static_cast<uint32_t>(std::min<uint64_t>(ahead, UINT32_MAX)));
  if (usable_workers_ > 0 && models_.measured(live.model)) {
    const double seconds = static_cast<double>(ahead + 1) * live.shape.Work() *
                           models_.seconds_per_work(live.model) / usable_workers_;
    SetTime(options_.clock->Now() + absl::Seconds(seconds), job.mutable_predicted_start_time());
  }
  return job;
}

absl::StatusOr<v1::ListJobsResponse> Core::List(const Caller& caller,
                                                const v1::ListJobsRequest& request) {
  JobQuery query;
  if (!caller.administrator) query.tenant = caller.tenant;
  for (const int state : request.states()) {
    if (!v1::JobState_IsValid(state)) {
      return BadRequestStatus({{"states", absl::StrCat("has ", state, ", must be 0 to 7")}});
    }
    query.states |= 1U << state;
  }
  const auto size = PageSize(request.page_size(), /*standard=*/50);
  if (!size.ok()) return size.status();
  query.limit = *size;
  if (!request.page_token().empty() &&
      (!absl::SimpleAtoi(request.page_token(), &query.before) || query.before == 0)) {
    return BadPageToken();
  }
  const auto page = store_->List(query);
  if (!page.ok()) return Reason(page.status());
  v1::ListJobsResponse response;
  for (const JobId id : page->ids) {
    auto job = View(id, &caller);
    // It may have been forgotten since.
    if (job.ok()) *response.add_jobs() = *std::move(job);
  }
  if (page->next_before != 0) response.set_next_page_token(absl::StrCat(page->next_before));
  return response;
}

absl::StatusOr<ArtifactFile> Core::OpenArtifact(const Caller& caller, absl::string_view name) {
  const absl::Status missing = StatusWithReason(
      absl::StatusCode::kNotFound, "ARTIFACT_NOT_FOUND",
      "name: there is no such artifact: it is unfinished, has expired or never was");
  const auto id = ParseArtifactName(tag(), name);
  if (!id.has_value()) return missing;
  const auto stored = store_->Read(id->job);
  if (!stored.ok()) return absl::IsNotFound(stored.status()) ? missing : Reason(stored.status());
  const auto record = std::find_if(stored->artifacts.begin(), stored->artifacts.end(),
                                   [&](const ArtifactRecord& a) { return a.index == id->index; });
  if (!MaySee(caller, stored->job.tenant) || record == stored->artifacts.end()) return missing;
  const auto fd = artifacts_.OpenArtifact({record->job, record->index, record->attempt});
  if (!fd.ok()) return missing;
  v1::Artifact artifact;
  FillArtifact(tag(), *record, options_.retention.artifacts, &artifact);
  return ArtifactFile(std::move(artifact), *fd);
}

absl::StatusOr<v1::ListModelsResponse> Core::ListModels(const v1::ListModelsRequest& request) {
  v1::ListModelsResponse response;
  absl::MutexLock lock(&mu_);
  std::vector<std::string> names;
  for (uint32_t i = 0; i < models_.size(); ++i) {
    if (models_.offered(i)) names.push_back(models_.name(i));
  }
  const auto page = NextPage(names, request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  for (const std::string& name : page->names) {
    *response.add_models() = *models_.View(*models_.Find(name));
  }
  response.set_next_page_token(page->next_token);
  return response;
}

absl::StatusOr<v1::Model> Core::GetModel(absl::string_view name) {
  absl::MutexLock lock(&mu_);
  const auto index = models_.Find(name);
  if (!index.has_value()) {
    return StatusWithReason(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND",
                            "name: there is no such model");
  }
  v1::Model model = *models_.View(*index);
  models_.AddPlacements(*index, &model);
  return model;
}

}  // namespace hanga
