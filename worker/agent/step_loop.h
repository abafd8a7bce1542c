// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The thread that owns the device's compute. It holds several generations and does one unit of work
// a turn: decode a finished one, begin a waiting one, or step a batch. Whatever it is told takes
// effect between two turns, so a cancel costs at most one denoising step.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/agent/batch.h"
#include "worker/agent/counters.h"
#include "worker/agent/engine.h"
#include "worker/agent/inputs.h"
#include "worker/agent/lane.h"
#include "worker/agent/model_book.h"
#include "worker/agent/model_cache.h"
#include "worker/agent/outbox.h"
#include "worker/agent/task.h"

namespace hanga {

struct StepLoopOptions {
  size_t max_batch = 8;  // generations that step together
  absl::Duration update_interval = absl::Milliseconds(50);
  std::function<absl::Time()> now = absl::Now;
};

class StepLoop {
 public:
  // All pointers outlive the loop. `encoder` encodes pictures, and
  // unpacks those that tasks begin with, while the device goes on. `on_fault`
  // is called once, by the loop's thread, when the device can compute no more.
  StepLoop(StepLoopOptions options, const Engine* engine, ModelBook* book, Outbox* outbox,
           Lane* encoder, std::function<void(const absl::Status&)> on_fault);

  // Any thread; these return at once.
  // Held by the outbox already; `inputs` are those that its spec names.
  void Assign(v1::Assignment assignment, InputSet inputs = {});
  void Cancel(v1::AttemptRef attempt);  // ends it as cancelled, unless it is finished
  void Drop(v1::AttemptRef attempt);    // ends it without a word
  void Drain(absl::Duration grace);     // hands back what waits; saves the rest at its end
  // The group that this worker leads, until it breaks: its tasks fail then, and its models go.
  void JoinGroup(std::shared_ptr<Group> group);
  void LeaveGroup(absl::Status why);
  void MakeRoom();  // drops idle models: the device is another thread's for a while
  // Loads a model before a task wants it, as soon as no task waits; and the contrary, once no task
  // uses it.
  void Load(std::string model);
  void Unload(std::string model);
  const Counters& counters() const { return cache_.counters(); }
  void Wake() {
    Tell([] {});
  }  // a model was examined, or dropped from the list
  void Stop();

  // The owning thread: works until Stop().
  void Run();
  // One turn, as Run() does them; false if there is nothing to do until it is told something.
  bool Turn();

 private:
  void Tell(std::function<void()> command);
  void RunCommands();
  void DoDrain(absl::Duration grace);

  void Unpack(Task& task);
  bool Work();
  bool BeginOne();
  bool LoadOne();
  bool Begin(Task& task);
  bool FinishOne();
  void Deliver(Task& task, Image image);
  bool StepBatch();
  // Of a model whose steps may overlap: launches every step that can be, and lands the oldest.
  void StepInFlight(const std::vector<Task*>& tasks);
  bool LaunchAll(const std::vector<Task*>& tasks);
  // `together`: how many steps were being made.
  void StepFailed(const std::vector<Task*>& batch, size_t together, const absl::Status& status);
  void Stepped(Task& task, absl::Duration step_time);
  void Measured(const Task& task, size_t batch, absl::Duration step_time);
  // What the task's model has to say goes to the log, to the model's report and to the job.
  void TellNotes(Task& task, LoadedModel& model);
  void SendPreview(Task& task);
  void SaveOne(Task& task);

  void End(Task& task, v1::TaskResult result);
  void Remove(const AttemptKey& key);
  Task* Find(const AttemptKey& key);
  // Ends the task as failed, and everything if the device has failed.
  void Fail(Task& task, const absl::Status& status);
  void Fault(const absl::Status& status);

  const StepLoopOptions options_;
  Outbox& outbox_;
  Lane& encoder_;
  std::function<void(const absl::Status&)> on_fault_;
  ModelBook& book_;
  ModelCache cache_;
  BatchLimits limits_;
  std::list<Task> tasks_;         // in the order of their assignment
  std::set<std::string> wanted_;  // models to be loaded before a task wants them
  uint64_t turn_ = 0, launches_ = 0;
  absl::Time drain_deadline_ = absl::InfiniteFuture();
  bool faulted_ = false;

  absl::Mutex mutex_;
  std::vector<std::function<void()>> commands_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace hanga
