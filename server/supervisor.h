// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Keeps one worker process running for each configured device of this host.
//
//   adopted ─┐                          crash            often
//            ├─▶ running ── ended ──▶ backing off ──▶ quarantined
//   started ─┘      ▲                     │                │
//                   └──────── time over, or Release() ─────┘
//
// Processes outlive a daemon that dies; the next one adopts them (local_process.h). Processes of
// devices that are no longer configured are told to end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "scheduler/worker_session.h"
#include "server/file_descriptor.h"
#include "server/local_process.h"
#include "server/restart_policy.h"

namespace hanga {

struct SupervisedWorker {
  std::string id;                      // "cuda-0"
  std::string device;                  // "cuda:0"
  std::vector<std::string> arguments;  // program first
};

struct SupervisorOptions {
  std::string folder;  // for pid files and FIFOs; exists
  std::vector<SupervisedWorker> workers;
  RestartOptions restart;
};

// Thread-safe.
class Supervisor {
 public:
  // Called from the supervisor's thread when a process starts, ends or is given up; may not block.
  using Report = std::function<void(const WorkerProcess&)>;

  // Adopts or starts every worker, and supervises them from a thread of its own.
  static absl::StatusOr<std::unique_ptr<Supervisor>> Start(SupervisorOptions options,
                                                           Report report);

  // Leaves the processes running.
  ~Supervisor();

  // Starts a worker that backs off or is quarantined at once; its crashes are forgotten. Ids that
  // are unknown or running are ignored.
  void Release(const std::string& worker_id);

  // Ends the process, whose worker does not answer any more; it is started again as after a crash.
  // `why` goes before how it ended: "did not answer for 10s". Ids without a process are ignored.
  void Kill(const std::string& worker_id, const std::string& why);

  // Sends every process SIGTERM, after `grace` SIGKILL, and returns when all have ended. None is
  // started any more. A second call, from another thread, may shorten the first one's grace.
  void Stop(absl::Duration grace);

 private:
  struct Slot;
  Supervisor(SupervisorOptions options, Report report);

  void Loop();
  void HandleCommands();
  void StartDue();
  void Launch(Slot& slot);
  void Watch(Slot& slot);
  void ReadOutput(Slot& slot);
  void OnEnded(Slot& slot);
  void OnFailure(Slot& slot, const std::string& problem, absl::Duration lived);
  void AdoptStrays();
  void Tell(const Slot& slot, v1::WorkerState state, const std::string& problem);
  void Wake();
  void WatchFd(int fd, Slot* slot);  // a slot's output or its process; null: the wake-up
  ProcessFiles FilesOf(const std::string& id) const;
  absl::Duration NextDue();  // from now; infinite if nothing is waited for
  bool AnyRunning() const;

  const SupervisorOptions options_;
  const Report report_;
  FileDescriptor epoll_, wake_;
  std::vector<std::unique_ptr<Slot>> slots_;  // of the thread

  absl::Mutex mutex_;
  std::vector<std::string> releases_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> kills_ ABSL_GUARDED_BY(mutex_);  // why, by worker
  bool leave_ ABSL_GUARDED_BY(mutex_) = false;  // end the thread, keep the processes
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;   // end the processes
  absl::Time kill_time_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;

  bool stopping_ = false, killed_ = false;  // of the thread
  std::thread thread_;
};

}  // namespace hanga
