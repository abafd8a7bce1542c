// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/digest.h"
#include "scheduler/inputs.h"
#include "scheduler/job_view.h"
#include "scheduler/request_check.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

constexpr double kLongestRetrySeconds = 60;

absl::Status UnknownModel(const std::string& name) {
  return StatusWithReason(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND",
                          absl::StrCat("spec.model: there is no model \"", name.substr(0, 128),
                                       "\"; ListModels names those offered"));
}

absl::Status CheckRequest(const v1::SubmitJobRequest& request, const v1::Model* model,
                          std::vector<FieldViolation> violations) {
  if (model == nullptr) return UnknownModel(request.spec().model());
  if (model->state() == v1::MODEL_STATE_UNUSABLE) {
    return StatusWithReason(absl::StatusCode::kFailedPrecondition, "MODEL_UNUSABLE",
                            absl::StrCat(model->name(), " cannot be used: ", model->problem()));
  }
  for (auto& violation : CheckSpec(request.spec(), *model)) violations.push_back(violation);
  return violations.empty() ? absl::OkStatus() : BadRequestStatus(violations);
}

}  // namespace

void Core::Submit(const Caller& caller, v1::SubmitJobRequest request, JobDone done) {
  const bool has_key = !request.request_id().empty();
  Digest key = {}, body_hash = {};
  if (has_key) {
    key = DigestOf(absl::StrCat(caller.tenant, absl::string_view("\0", 1), request.request_id()));
    body_hash = DigestOf(CanonicalBytes(request));
  }
  auto violations = CheckSubmit(request, options_.clock->Now());
  if (request.priority() == v1::PRIORITY_UNSPECIFIED) request.set_priority(v1::PRIORITY_NORMAL);

  std::shared_ptr<const v1::Model> model;
  uint64_t seed = 0;
  {
    absl::ReleasableMutexLock lock(&mu_);
    if (has_key && request_keys_.contains(key)) {
      const JobId id = Replayed(key, body_hash, &done);
      lock.Release();
      if (id != 0) AnswerReplay(id, body_hash, std::move(done));
      return;
    }
    const auto index = models_.Find(request.spec().model());
    if (index.has_value()) model = models_.View(*index);
    seed = tokens_.Draw();
  }
  // Checked, resolved and serialized without the lock.
  if (const auto refusal = CheckRequest(request, model.get(), std::move(violations));
      !refusal.ok()) {
    done(refusal);
    return;
  }
  ResolveSpec(*model, seed, request.mutable_spec());
  std::optional<CachedResult> cached;
  if (request.spec().allow_cached_result()) cached = TakeCached(caller, *model, request.spec());
  auto stored = std::make_shared<JobRequest>();
  stored->bytes = request.SerializeAsString();
  stored->body_hash = body_hash;

  absl::ReleasableMutexLock lock(&mu_);
  if (has_key && request_keys_.contains(key)) {
    const JobId id = Replayed(key, body_hash, &done);
    lock.Release();
    if (cached) ForgetLinks(*cached);
    if (id != 0) AnswerReplay(id, body_hash, std::move(done));
    return;
  }
  const uint32_t tenant = InternTenant(caller.tenant);
  const auto refusal = cached ? absl::OkStatus() : Admit(caller, tenant, request.spec());
  if (!refusal.ok()) {
    lock.Release();
    done(refusal);
    return;
  }
  auto job = MakeLive(request, tenant, models_.Intern(request.spec().model()));
  job->id = cached ? cached->job : next_job_++;
  job->has_request_key = has_key;
  job->request_key = key;
  if (has_key) {
    request_keys_[key] = {job->id, /*durable=*/false};
    request_key_ages_.emplace_back(job->created_us, key);
  }
  WriteSubmit(std::move(job), std::move(cached), std::move(stored), std::move(request),
              std::move(done));
}

// Handed in under the lock: jobs become durable in the order of their numbers.
void Core::WriteSubmit(std::unique_ptr<LiveJob> job, std::optional<CachedResult> cached,
                       std::shared_ptr<const JobRequest> stored, v1::SubmitJobRequest request,
                       JobDone done) {
  StoreChange change;
  JobRecord record = MakeRecord(*job);
  if (cached) {
    record.state = v1::JOB_STATE_SUCCEEDED;
    record.started_us = record.ended_us = record.created_us;
    record.cached_from = cached->from;
    job->inputs.clear();  // nothing will be drawn
    change.artifacts = cached->artifacts;
    change.events.push_back(MakeEvent(
        *job, record, absl::StrCat("answered by the results of ", JobName(tag(), cached->from))));
  } else {
    pending_tasks_ += job->images;
    for (const std::string& sha256 : job->inputs) {
      const InputRecord* input = inputs_.Find(sha256, tenants_[job->tenant].name);
      if (input == nullptr) continue;  // an administrator named another's
      change.inputs.push_back(*input);
      change.inputs.back().used_us = job->created_us;
      inputs_.Put(change.inputs.back());
    }
    HoldInputs(*job);
  }
  change.jobs.push_back(record);
  change.request = std::move(stored);
  store_->Write(std::move(change), [this, job = std::move(job), record = std::move(record),
                                    cached = std::move(cached), request = std::move(request),
                                    done = std::move(done)](absl::Status status) mutable {
    submitted_.push_back({std::move(job),
                          std::move(request),
                          std::move(done),
                          status,
                          std::move(record),
                          std::move(cached),
                          {}});
  });
}

// The job of an earlier submit with this key; 0 if that is still on its way to the disk: then
// `done` has been taken over and waits for it.
JobId Core::Replayed(const Digest& key, const Digest& body_hash, JobDone* done) {
  ++measures_.replayed;
  const RequestKey& earlier = request_keys_[key];
  if (earlier.durable) return earlier.job;
  replays_[earlier.job].push_back({body_hash, std::move(*done)});
  return 0;
}

absl::Status Core::Admit(const Caller& caller, uint32_t tenant, const v1::GenerationSpec& spec) {
  if (draining_) {
    return StatusWithReason(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                            "the server is shutting down");
  }
  if (const auto violations = CheckInputs(caller, spec); !violations.empty()) {
    return BadRequestStatus(violations);
  }
  const uint32_t images = spec.num_images();
  const uint64_t waiting = queue_.tasks() + pending_tasks_;
  const uint32_t own_limit = tenants_[tenant].options.max_queued;
  const uint64_t own = queue_.TasksOf(tenant);
  const bool full = waiting + images > options_.max_queued;
  if (!full && (own_limit == 0 || own + images <= own_limit)) return absl::OkStatus();
  ++measures_.refused_full;
  // What it takes to serve a tenth of the queue, as far as that is known.
  double seconds = 0;
  for (const auto& [line, entries] : queue_.lines()) {
    seconds += static_cast<double>(entries.tasks()) * models_.seconds_per_work(line.model) * 1e6;
  }
  seconds = std::clamp(0.1 * seconds / std::max(usable_workers_, 1), 1.0, kLongestRetrySeconds);
  return RetryLaterStatus("QUEUE_FULL",
                          absl::StrCat("the queue is full: ", full ? waiting : own, " images wait",
                                       full ? "" : " for this tenant", ", at most ",
                                       full ? options_.max_queued : own_limit, " may"),
                          absl::Seconds(seconds));
}

uint32_t Core::InternTenant(const std::string& name) {
  const auto [it, inserted] =
      tenant_index_.try_emplace(name, static_cast<uint32_t>(tenants_.size()));
  if (inserted) {
    const auto configured = options_.tenants.find(name);
    Tenant tenant;
    tenant.name = name;
    tenant.options =
        configured == options_.tenants.end() ? options_.default_tenant : configured->second;
    tenants_.push_back(std::move(tenant));
  }
  return it->second;
}

std::unique_ptr<LiveJob> Core::MakeLive(const v1::SubmitJobRequest& request, uint32_t tenant,
                                        uint32_t model) const {
  auto job = std::make_unique<LiveJob>();
  job->priority = request.priority();
  job->tenant = tenant;
  job->model = model;
  job->images = std::max(request.spec().num_images(), 1U);
  job->created_us = NowUs();
  if (request.has_queue_deadline()) job->deadline_us = ToUs(request.queue_deadline());
  job->waiting_since = Elapsed();
  job->shape = ShapeOf(request.spec(), models_.facts(model).defaults());
  job->deterministic = request.spec().deterministic();
  job->inputs = InputsOf(request.spec());
  return job;
}

// All that became durable together, under one lock and with one call of the dispatcher: clients
// that submit at once would otherwise wait for each other here.
void Core::AnswerSubmits() {
  if (submitted_.empty()) return;
  std::vector<Submitted> answers = std::exchange(submitted_, {});
  {
    absl::MutexLock lock(&mu_);
    for (Submitted& answer : answers) {
      LiveJob& job = *answer.job;
      if (!answer.cached) pending_tasks_ -= job.images;
      if (const auto it = replays_.find(job.id); it != replays_.end()) {
        answer.replays = std::move(it->second);
        replays_.erase(it);
      }
      if (!answer.status.ok()) {
        if (job.has_request_key) request_keys_.erase(job.request_key);
        if (answer.cached) ForgetLinks(*answer.cached);
        ReleaseInputs(job);
        continue;
      }
      if (job.has_request_key) request_keys_[job.request_key].durable = true;
      if (answer.cached) {
        CountCached(job, *answer.cached);
      } else {
        AddLive(std::move(answer.job));
      }
    }
    Wake();
  }
  for (Submitted& answer : answers) AnswerSubmit(std::move(answer));
}

void Core::AnswerSubmit(Submitted submitted) {
  absl::Status status = submitted.status;
  if (status.ok() && submitted.cached) {
    submitted.done(View(submitted.record.id, /*caller=*/nullptr));
  } else if (status.ok()) {
    v1::Job answer;
    FillRecord(tag(), submitted.record, &answer);
    FillRequest(std::move(submitted.request), &answer);
    submitted.done(std::move(answer));
  } else {
    status = StatusWithReason(status.code(),
                              absl::IsResourceExhausted(status) ? "NO_SPACE" : "STORE_UNAVAILABLE",
                              status.message());
    submitted.done(status);
  }
  for (Replay& replay : submitted.replays) {
    if (status.ok()) {
      AnswerReplay(submitted.record.id, replay.body_hash, std::move(replay.done));
    } else {
      replay.done(status);
    }
  }
}

void Core::AnswerReplay(JobId id, const Digest& body_hash, JobDone done) {
  const auto request = store_->ReadRequest(id);
  if (!request.ok()) {
    done(
        StatusWithReason(request.status().code(), "STORE_UNAVAILABLE", request.status().message()));
  } else if (request->body_hash != body_hash) {
    done(StatusWithReason(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                          "request_id: was used within 24 hours for another request"));
  } else {
    done(View(id, /*caller=*/nullptr));
  }
}

void Core::AddLive(std::unique_ptr<LiveJob> job) {
  LiveJob& added = *job;
  ModelMeasures& model = measures_.models[models_.name(added.model)];
  ++measures_.submitted;
  ++model.submitted;
  if (added.state == v1::JOB_STATE_QUEUED) {
    ++measures_.queued;
    ++model.queued;
    queued_[added.priority].insert(added.id);
    if (added.deadline_us != 0) deadlines_.emplace(added.deadline_us, added.id);
  } else {
    ++measures_.running;
    ++model.running;
  }
  jobs_[added.id] = std::move(job);
  Requeue(added);
}

}  // namespace hanga
