// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A worker: one device, one step loop, one link. Binds the parts together and decides what is
// taken, refused, forgotten, and when it is drained.
#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "worker/agent/engine.h"
#include "worker/agent/group_member.h"
#include "worker/agent/inputs.h"
#include "worker/agent/lane.h"
#include "worker/agent/link.h"
#include "worker/agent/model_book.h"
#include "worker/agent/outbox.h"
#include "worker/agent/step_loop.h"

namespace hanga {

struct WorkerOptions {
  std::string id;  // [a-z0-9._-]{1,64}
  std::string host;
  uint64_t incarnation = 0;  // drawn once by this process
  v1::DeviceInfo device;
  size_t max_tasks = 1;                             // held at once
  uint64_t kept_input_bytes = uint64_t{256} << 20;  // of inputs that no task waits for
  StepLoopOptions step_loop;
  LinkOptions link;
};

// Thread-safe.
class Worker : private LinkHandler {
 public:
  // `factory` outlives the worker.
  Worker(WorkerOptions options, Engine engine, StreamFactory* factory);
  ~Worker() override;

  // Works until it is drained, refused, or on its own for too long.
  LinkEnd Run();

  // Asked to stop (SIGTERM). The first call drains: within the grace that the scheduler gave, else
  // at the next step boundary. The second ends the link at once.
  void Terminate();

  // For tests, which step the parts by hand instead of calling Run().
  Link& link() { return link_; }
  StepLoop& step_loop() { return loop_; }
  Lane& encoder() { return encoder_; }
  Lane& examiner() { return examiner_; }

 private:
  v1::Hello MakeHello() override;
  v1::Heartbeat MakeHeartbeat() override;
  void OnMessage(v1::AttachResponse message) override;

  void SetModels(std::vector<v1::ModelDeployment> models);
  void Take(v1::Assignment assignment);
  void Cancel(const v1::AttemptRef& attempt);
  std::string WhyNot();  // to take another task; empty if it can
  void Conclude(const v1::TaskVerdict& verdict);
  void Drain(absl::Duration grace);
  void CheckDrained();
  void DeviceFailed(const absl::Status& status);

  const WorkerOptions options_;
  const Engine engine_;
  Outbox outbox_;
  ModelBook book_;
  Lane examiner_, encoder_;
  StepLoop loop_;
  Inputs inputs_;
  GroupMember group_;
  Link link_;
  std::thread compute_;

  absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool terminating_ ABSL_GUARDED_BY(mutex_) = false;
  std::string problem_ ABSL_GUARDED_BY(mutex_);  // of the device
};

}  // namespace hanga
