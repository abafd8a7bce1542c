// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The scheduler behind its facade. One lock guards everything in memory and is never held while
// the disk is waited for; what changes durably goes to the store in the order of the changes under
// the lock.
//
//   core_start      opening, and what a crash left
//   core_submit     new jobs; core_cache: those that earlier results answer
//   core_inputs     what jobs begin from
//   core_dispatch   snapshot, Schedule, apply
//   core_tasks      the life of an attempt; core_attempts: how it ends
//   core_publish    results, and how jobs end; core_cancel: the way out
//   core_read       Get, List, artifacts, models; core_watch: followers
//   core_models      loaded and unloaded by an operator's word
//   core_workers    hello, heartbeats; core_service: drain, quarantine, loss; core_groups
//   core_upkeep     the thread, expiry, leases; core_retention: what is kept for how long
//   core_measures   counters and gauges
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "scheduler/artifact_store.h"
#include "scheduler/data_folder.h"
#include "scheduler/input_table.h"
#include "scheduler/job_queue.h"
#include "scheduler/job_store.h"
#include "scheduler/live_job.h"
#include "scheduler/model_table.h"
#include "scheduler/scheduler.h"
#include "scheduler/status_details.h"
#include "scheduler/submitted.h"
#include "scheduler/token_source.h"
#include "scheduler/worker_group.h"
#include "scheduler/worker_record.h"

namespace hanga {

class Watcher;

class Core final : public Scheduler {
 public:
  Core(SchedulerOptions options, DataFolder folder, std::unique_ptr<JobStore> store);
  ~Core() override;

  // Loads what has not ended and starts the thread. Once, before anything else.
  absl::Status Start();

  // --- Scheduler ---
  void Submit(const Caller& caller, v1::SubmitJobRequest request, JobDone done) override;
  absl::StatusOr<v1::Job> Get(const Caller& caller, absl::string_view name) override;
  absl::StatusOr<v1::ListJobsResponse> List(const Caller& caller,
                                            const v1::ListJobsRequest& request) override;
  void Cancel(const Caller& caller, absl::string_view name, JobDone done) override;
  absl::StatusOr<std::unique_ptr<JobWatch>> Watch(const Caller& caller,
                                                  const v1::WatchJobRequest& request,
                                                  std::function<void()> wake) override;
  absl::StatusOr<ArtifactFile> OpenArtifact(const Caller& caller, absl::string_view name) override;
  absl::StatusOr<std::unique_ptr<BlobUpload>> UploadBlob(const Caller& caller,
                                                         absl::string_view sha256,
                                                         uint64_t size_bytes) override;
  absl::StatusOr<v1::ListModelsResponse> ListModels(const v1::ListModelsRequest& request) override;
  absl::StatusOr<v1::Model> GetModel(absl::string_view name) override;
  absl::StatusOr<v1::ListWorkersResponse> ListWorkers(
      const v1::ListWorkersRequest& request) override;
  absl::StatusOr<v1::Worker> DrainWorker(const v1::DrainWorkerRequest& request) override;
  absl::StatusOr<v1::LoadModelResponse> LoadModel(const v1::LoadModelRequest& request) override;
  absl::StatusOr<v1::UnloadModelResponse> UnloadModel(
      const v1::UnloadModelRequest& request) override;
  absl::StatusOr<v1::Worker> UndrainWorker(absl::string_view name) override;
  std::shared_ptr<WorkerSession> Attach(std::string worker_id,
                                        std::shared_ptr<WorkerSink> sink) override;
  void ReportProcess(const WorkerProcess& process) override;
  void SetModels(std::vector<ModelOptions> models) override;
  void Drain(absl::Duration grace, absl::AnyInvocable<void()> drained) override;
  Measures measures() override;
  void RunOnce() override;
  void Flush() override { store_->Flush(); }

 private:
  friend class Session;
  friend class Watcher;
  using Deferred = std::vector<absl::AnyInvocable<void()>>;  // to be called without the lock

  struct Tenant {
    std::string name;
    TenantOptions options;
    double served = 0;
    uint32_t running = 0;
  };
  struct Outgoing {  // an assignment whose request must be read before it can be sent
    JobId job = 0;
    uint32_t index = 0;
    uint64_t token = 0;
  };

  // --- core_submit.cc ---
  absl::Status Admit(const Caller& caller, uint32_t tenant, const v1::GenerationSpec& spec)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  JobId Replayed(const Digest& key, const Digest& body_hash, JobDone* done)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  uint32_t InternTenant(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AnswerSubmits();
  void AnswerSubmit(Submitted submitted);
  void AnswerReplay(JobId id, const Digest& body_hash, JobDone done);
  std::unique_ptr<LiveJob> MakeLive(const v1::SubmitJobRequest& request, uint32_t tenant,
                                    uint32_t model) const;
  void AddLive(std::unique_ptr<LiveJob> job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void WriteSubmit(std::unique_ptr<LiveJob> job, std::optional<CachedResult> cached,
                   std::shared_ptr<const JobRequest> stored, v1::SubmitJobRequest request,
                   JobDone done) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_models.cc ---
  // Names of the workers that were told, of `only` or all, where `is_asked`.
  absl::StatusOr<std::vector<std::string>> TellHold(
      absl::string_view model, absl::string_view only, bool hold,
      absl::FunctionRef<bool(uint32_t, const WorkerRecord&)> is_asked)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_cache.cc: results that answer again ---
  std::optional<CachedResult> TakeCached(const Caller& caller, const v1::Model& model,
                                         const v1::GenerationSpec& spec);
  bool LinkArtifacts(const StoredJob& earlier, CachedResult* cached);
  void ForgetLinks(const CachedResult& cached);
  void CountCached(const LiveJob& job, const CachedResult& cached)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteResultKey(LiveJob& job, const v1::GenerationSpec& spec)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_inputs.cc: what jobs begin from ---
  friend class InputUpload;
  std::vector<FieldViolation> CheckInputs(const Caller& caller, const v1::GenerationSpec& spec)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void HoldInputs(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ReleaseInputs(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnInputRequest(Session& session, const v1::InputRequest& request);

  // --- core_read.cc ---
  LiveJob* FindLive(JobId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MaySee(const Caller& caller, const std::string& tenant) const;
  absl::StatusOr<v1::Job> View(JobId id, const Caller* caller);
  void AddHistory(JobId id, v1::Job* job);
  v1::Job ViewLive(const LiveJob& live, v1::SubmitJobRequest request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_tasks.cc ---
  JobRecord MakeRecord(const LiveJob& job) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  EventRecord MakeEvent(const LiveJob& job, const JobRecord& record, std::string message) const;
  void NoteProgress(LiveJob& job, std::string note) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  AttemptRecord MakeAttempt(const LiveJob& job, uint32_t index, AttemptOutcome outcome) const;
  void SetState(LiveJob& job, v1::JobState state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Notify(JobId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Touch(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Requeue(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void LeaveWorker(LiveJob& job, uint32_t index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The task that a worker's message is about; null if the attempt is not the current one there.
  Task* FindCurrent(const Session& session, const v1::AttemptRef& ref, LiveJob** job)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  v1::AttemptRef RefOf(const LiveJob& job, uint32_t index) const;
  // Ends the attempt without a result; the task waits again, or its job has failed with it.
  // `then` is called when that is durable.
  void EndAttempt(LiveJob& job, uint32_t index, AttemptOutcome outcome, v1::JobError error,
                  bool retryable, absl::AnyInvocable<void()> then)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MayRetry(const LiveJob& job, const Task& task) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteFailure(const std::string& worker) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnTaskUpdate(Session& session, v1::TaskUpdate update);

  // --- core_attempts.cc ---
  bool IsCurrent(const Session& session, const v1::AttemptRef& ref, AttemptFile* file);
  void RefuseStale(const Session& session, const v1::AttemptRef& ref)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnEndedAttempt(Session& session, const v1::TaskResult& result);
  void OnSaved(Session& session, const v1::AttemptRef& ref, const AttemptFile& file, uint32_t step,
               uint64_t bytes, const absl::Status& status);

  // --- core_publish.cc ---
  // Writes until it is durable: a full disk delays, and loses nothing.
  void WriteDurably(StoreChange change, absl::AnyInvocable<void()> then);
  void End(LiveJob& job, v1::JobState state, v1::JobError error, StoreChange change,
           absl::AnyInvocable<void()> then) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Forget(JobId id, v1::JobState state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FailJob(LiveJob& job, absl::string_view reason, absl::string_view message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool BeginPublishing(const Session& session, const v1::TaskResult& result,
                       absl::Duration transfer, ArtifactRecord* record);
  void OnPublished(const Session& session, const v1::AttemptRef& ref, ArtifactRecord record,
                   absl::Status published);
  void PublishReady(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnCommitted(JobId id, const std::vector<uint32_t>& indices, v1::JobState state,
                   absl::Status status);
  void FinishCancelling(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_cancel.cc ---
  void TellCancel(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_dispatch.cc ---
  bool Dispatch();  // whether anything was assigned
  ClusterSnapshot TakeSnapshot(std::vector<WorkerRecord*>* workers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CollectCandidates(uint64_t free_slots, const std::vector<char>& usable,
                         ClusterSnapshot* snapshot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Outgoing Assign(LiveJob& job, WorkerRecord& worker) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Deliver(const Outgoing& outgoing);
  std::shared_ptr<const v1::SubmitJobRequest> ReadRequest(JobId id);

  // --- core_workers.cc ---
  void OnHello(Session& session, v1::Hello hello);
  std::string RefuseHello(const Session& session, const v1::Hello& hello, v1::Goodbye* goodbye)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Reconcile(WorkerRecord& worker, absl::Span<const v1::AttemptRef> holding)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnHeartbeat(Session& session, const v1::Heartbeat& heartbeat);
  void OnModelReport(Session& session, v1::ModelReport report);
  void OnDrained(Session& session);
  void OnClosed(Session& session);
  bool Heard(const Session& session);
  WorkerRecord& RecordOf(const std::string& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Disconnect(WorkerRecord& worker, const v1::Goodbye* goodbye)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_service.cc ---
  WorkerRecord* FindWorker(absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  v1::Worker Describe(const WorkerRecord& worker) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void LoseTasks(WorkerRecord& worker, absl::string_view why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TellDrain(WorkerRecord& worker) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Quarantine(WorkerRecord& worker, std::string why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteReadiness() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_groups.cc ---
  // Whether the worker may be given tasks of the model: alone, or as the leader of a group.
  bool MayRun(uint32_t model, const WorkerRecord& worker) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MayJoin(const WorkerRecord& worker) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TendGroups() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FormGroups(uint32_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TellGroup(WorkerGroup& group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DissolveGroup(WorkerGroup& group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Its members leave it, and its attempts are lost. `suspect`: the rank that did not answer.
  void BreakGroup(uint64_t number, absl::string_view why, int suspect = -1)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void LoseGroupTasks(WorkerRecord& leader, absl::string_view why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void LeaveGroup(const WorkerRecord& worker, absl::string_view why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnGroupReport(Session& session, const v1::GroupReport& report);
  void DescribeGroup(const WorkerRecord& worker, v1::Worker* out) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_upkeep.cc ---
  void Loop();
  void Upkeep();
  void ExpireJobs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ExpireLeases() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ForgivePause() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteHang(WorkerRecord& worker, absl::Duration silent) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ReleaseQuarantines() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FailUnservable() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteDrained() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RetryWrites();

  // --- core_retention.cc ---
  void ApplyRetention();
  void ForgetRequestKeys() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ExpireArtifacts();
  void ExpireInputs();
  void ForgetOldJobs();
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!std::exchange(work_, true)) wake_.Signal();
  }

  // --- core_measures.cc ---
  void ObserveSync(absl::Duration took);
  std::vector<WorkerMeasures> MeasureWorkers() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddPlacements(const std::string& worker, v1::WorkerStats* stats) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // --- core_watch.cc ---
  std::vector<v1::Preview> PreviewsAfter(JobId id, uint64_t* number);

  // --- core_start.cc ---
  void SweepOrphans();
  void Adopt(StoredJob stored) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AdoptAttempts(StoredJob& stored, LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  int64_t NowUs() const { return absl::ToUnixMicros(options_.clock->Now()); }
  absl::Duration Elapsed() const { return options_.clock->Elapsed(); }
  const std::string& tag() const { return store_->tag(); }

  const SchedulerOptions options_;
  DataFolder folder_;
  ArtifactStore artifacts_;
  std::unique_ptr<JobStore> store_;

  absl::Mutex mu_;
  ModelTable models_ ABSL_GUARDED_BY(mu_);
  std::vector<Tenant> tenants_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, uint32_t> tenant_index_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<JobId, std::unique_ptr<LiveJob>> jobs_ ABSL_GUARDED_BY(mu_);
  JobQueue queue_ ABSL_GUARDED_BY(mu_);
  absl::btree_set<std::pair<int64_t, JobId>> deadlines_ ABSL_GUARDED_BY(mu_);
  // In state QUEUED, oldest first, by priority.
  std::array<absl::btree_set<JobId>, v1::Priority_ARRAYSIZE> queued_ ABSL_GUARDED_BY(mu_);
  JobId next_job_ ABSL_GUARDED_BY(mu_) = 1;
  uint64_t pending_tasks_ ABSL_GUARDED_BY(mu_) = 0;  // of submits on their way to the disk

  absl::flat_hash_map<Digest, RequestKey> request_keys_ ABSL_GUARDED_BY(mu_);
  std::deque<std::pair<int64_t, Digest>> request_key_ages_ ABSL_GUARDED_BY(mu_);
  std::map<JobId, std::vector<Replay>> replays_ ABSL_GUARDED_BY(mu_);
  InputTable inputs_ ABSL_GUARDED_BY(mu_);
  bool swept_ ABSL_GUARDED_BY(mu_) = false;  // no file of an earlier run is left to be removed
  std::vector<Submitted> submitted_;  // of the commit just told; the store's thread alone uses it

  std::map<std::string, WorkerRecord> workers_ ABSL_GUARDED_BY(mu_);
  uint64_t next_worker_key_ ABSL_GUARDED_BY(mu_) = 1;
  std::map<uint64_t, WorkerGroup> groups_ ABSL_GUARDED_BY(mu_);  // by number
  uint64_t next_group_ ABSL_GUARDED_BY(mu_) = 1;
  int usable_workers_ ABSL_GUARDED_BY(mu_) = 0;

  std::multimap<JobId, Watcher*> watchers_ ABSL_GUARDED_BY(mu_);
  std::map<JobId, std::vector<JobDone>> cancels_ ABSL_GUARDED_BY(mu_);

  Measures measures_ ABSL_GUARDED_BY(mu_);
  absl::Duration last_round_ ABSL_GUARDED_BY(mu_);
  TokenSource tokens_ ABSL_GUARDED_BY(mu_);
  std::vector<std::pair<StoreChange, absl::AnyInvocable<void()>>> failed_writes_
      ABSL_GUARDED_BY(mu_);
  Deferred deferred_ ABSL_GUARDED_BY(mu_);  // run by the thread
  absl::Duration next_retention_ ABSL_GUARDED_BY(mu_);
  absl::Duration next_retry_ ABSL_GUARDED_BY(mu_);
  absl::Duration next_unservable_ ABSL_GUARDED_BY(mu_);
  ArtifactTotals totals_ ABSL_GUARDED_BY(mu_);

  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration drain_until_ ABSL_GUARDED_BY(mu_);
  absl::AnyInvocable<void()> drained_ ABSL_GUARDED_BY(mu_);

  bool work_ ABSL_GUARDED_BY(mu_) = false;
  absl::CondVar wake_;  // of the thread: `work_` or `stopping_` is set
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_, sweeper_;
};

}  // namespace hanga
