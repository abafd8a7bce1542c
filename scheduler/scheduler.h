// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The scheduler as the server sees it: jobs, models, workers. Everything durable is behind it.
//
//   services ──▶ Scheduler ──▶ JobStore, ArtifactStore
//   WorkerLink ─▶ WorkerSession ─▶ (the same)
//
// Contract
// 1. Thread-safe. No method waits for a worker; those that wait for the disk say so.
// 2. Callbacks run on the scheduler's threads without its lock. They may call the scheduler but
//    must not block. Sinks (WorkerSink, `wake`) may be called with the lock held: they only queue.
// 3. Every error is a status for the client, without internal paths. It carries google.rpc details
// as
//    payloads under their type URLs (see status_details.h): ErrorInfo always; BadRequest with each
//    INVALID_ARGUMENT; RetryInfo with a full queue.
// 4. A job of another tenant is NOT_FOUND, unless the caller is an administrator.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hanga/v1/cluster_service.pb.h"
#include "hanga/v1/generation_service.pb.h"
#include "hanga/v1/model_service.pb.h"
#include "scheduler/artifact_file.h"
#include "scheduler/blob_upload.h"
#include "scheduler/job_watch.h"
#include "scheduler/measures.h"
#include "scheduler/options.h"
#include "scheduler/worker_session.h"

namespace hanga {

// On whose behalf a call is made.
struct Caller {
  std::string tenant;          // empty on a server without authentication
  bool administrator = false;  // sees every tenant's jobs
};

class Scheduler {
 public:
  using JobDone = absl::AnyInvocable<void(absl::StatusOr<v1::Job>)>;

  // Stops the threads. What was acknowledged is on disk; callbacks that wait for the disk are
  // called first. Sessions, watches and uploads must be gone before.
  virtual ~Scheduler() = default;

  // --- Jobs ---

  // Checks, resolves and stores a job; `done` is called once, when it is durable or refused
  // (refusals on the calling thread, before the return). See GenerationService.SubmitJob.
  virtual void Submit(const Caller& caller, v1::SubmitJobRequest request, JobDone done) = 0;

  // Reads the disk. NOT_FOUND.
  virtual absl::StatusOr<v1::Job> Get(const Caller& caller, absl::string_view name) = 0;

  // Reads the disk. A page may be shorter than asked for although more follow.
  virtual absl::StatusOr<v1::ListJobsResponse> List(const Caller& caller,
                                                    const v1::ListJobsRequest& request) = 0;

  // `done` is called when the change is durable; at once if there is none to make.
  // NOT_FOUND; FAILED_PRECONDITION if the job has ended otherwise.
  virtual void Cancel(const Caller& caller, absl::string_view name, JobDone done) = 0;

  // Follows a job; `wake` says that Take() has something. See job_watch.h.
  virtual absl::StatusOr<std::unique_ptr<JobWatch>> Watch(const Caller& caller,
                                                          const v1::WatchJobRequest& request,
                                                          std::function<void()> wake) = 0;

  // `jobs/{job}/artifacts/{index}`. NOT_FOUND also while the image is unfinished, or expired.
  virtual absl::StatusOr<ArtifactFile> OpenArtifact(const Caller& caller,
                                                    absl::string_view name) = 0;

  // Starts storing an input. ALREADY_EXISTS is not an error here: see BlobUpload::complete.
  virtual absl::StatusOr<std::unique_ptr<BlobUpload>> UploadBlob(const Caller& caller,
                                                                 absl::string_view sha256,
                                                                 uint64_t size_bytes) = 0;

  // --- Models ---

  virtual absl::StatusOr<v1::ListModelsResponse> ListModels(
      const v1::ListModelsRequest& request) = 0;
  virtual absl::StatusOr<v1::Model> GetModel(absl::string_view name) = 0;  // NOT_FOUND
  // Tells workers to load a model, or to give its memory back; see ModelService.
  virtual absl::StatusOr<v1::LoadModelResponse> LoadModel(const v1::LoadModelRequest& request) = 0;
  virtual absl::StatusOr<v1::UnloadModelResponse> UnloadModel(
      const v1::UnloadModelRequest& request) = 0;

  // --- Workers ---

  virtual absl::StatusOr<v1::ListWorkersResponse> ListWorkers(
      const v1::ListWorkersRequest& request) = 0;
  virtual absl::StatusOr<v1::Worker> DrainWorker(const v1::DrainWorkerRequest& request) = 0;
  virtual absl::StatusOr<v1::Worker> UndrainWorker(absl::string_view name) = 0;

  // A new stream of a worker whose credentials allow it to be `worker_id` alone, or any if empty.
  // Hand in the next message when OnMessage() has returned: that is the back-pressure.
  virtual std::shared_ptr<WorkerSession> Attach(std::string worker_id,
                                                std::shared_ptr<WorkerSink> sink) = 0;

  // What the supervisor of a local process says of it. When the process has ended, its tasks go
  // back to the queue at once, without waiting for the lease.
  virtual void ReportProcess(const WorkerProcess& process) = 0;

  // --- The daemon ---

  // Replaces the deployments: told to the workers, examined there. Jobs of a model that is gone
  // fail with MODEL_REMOVED.
  virtual void SetModels(std::vector<ModelOptions> models) = 0;

  // Stops assigning, tells every worker to drain. `drained` is called once nothing runs, at the
  // latest when `grace` is over. Queued jobs stay in the store.
  virtual void Drain(absl::Duration grace, absl::AnyInvocable<void()> drained) = 0;

  // Counters and gauges as of one instant: submitted = queued + running + finished.
  virtual Measures measures() = 0;

  // One round of what the dispatcher's thread does: expiry, leases, dispatch. For tests that run
  // without that thread (SchedulerOptions::background = false).
  virtual void RunOnce() = 0;

  // Waits until everything written so far is durable and its callbacks have returned.
  virtual void Flush() = 0;
};

// Locks and opens the data folder, repairs what a crash left, loads the unfinished jobs.
// FAILED_PRECONDITION: the folder is in use by another daemon, or written by a newer version.
// DATA_LOSS: the store is damaged; the message names what.
absl::StatusOr<std::unique_ptr<Scheduler>> OpenScheduler(SchedulerOptions options);

}  // namespace hanga
