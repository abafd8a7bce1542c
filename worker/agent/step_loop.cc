// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/step_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "worker/agent/outcome.h"
#include "worker/agent/picture.h"
#include "worker/agent/pictures.h"

namespace hanga {

StepLoop::StepLoop(StepLoopOptions options, const Engine* engine, ModelBook* book, Outbox* outbox,
                   Lane* encoder, std::function<void(const absl::Status&)> on_fault)
    : options_(std::move(options)),
      outbox_(*outbox),
      encoder_(*encoder),
      on_fault_(std::move(on_fault)),
      book_(*book),
      cache_(engine, book, options_.now),
      limits_(options_.max_batch) {}

void StepLoop::Tell(std::function<void()> command) {
  const absl::MutexLock lock(&mutex_);
  commands_.push_back(std::move(command));
}

void StepLoop::Assign(v1::Assignment assignment, InputSet inputs) {
  Tell([this, assignment = std::move(assignment), inputs = std::move(inputs)]() mutable {
    if (tasks_.empty()) drain_deadline_ = absl::InfiniteFuture();  // taken back into service
    tasks_.emplace_back(std::move(assignment), options_.now(), options_.update_interval);
    tasks_.back().inputs = std::move(inputs);
    FillFiles(tasks_.back().inputs, &tasks_.back().request);
    if (HasPictures(tasks_.back().assignment.spec())) Unpack(tasks_.back());
  });
}

// The task waits for its pictures; others go on meanwhile.
void StepLoop::Unpack(Task& task) {
  task.unpacking = true;
  encoder_.Post([this, key = task.key, spec = task.assignment.spec(), inputs = task.inputs,
                 request = task.request]() mutable {
    const absl::Status unpacked = UnpackPictures(spec, inputs, &request);
    Tell([this, key, unpacked, request = std::move(request)]() mutable {
      Task* task = Find(key);
      if (task == nullptr) return;
      task->unpacking = false;
      task->request = std::move(request);
      task->assignment.mutable_spec()->set_width(task->request.width);
      task->assignment.mutable_spec()->set_height(task->request.height);
      if (!unpacked.ok()) Fail(*task, unpacked);
    });
  });
}

void StepLoop::Cancel(v1::AttemptRef attempt) {
  Tell([this, attempt = std::move(attempt)] {
    if (Task* task = Find(KeyOf(attempt))) End(*task, Cancelled(attempt));
  });
}

void StepLoop::Drop(v1::AttemptRef attempt) {
  Tell([this, attempt = std::move(attempt)] { Remove(KeyOf(attempt)); });
}

void StepLoop::Drain(absl::Duration grace) {
  Tell([this, grace] { DoDrain(grace); });
}

void StepLoop::Stop() {
  const absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

void StepLoop::Run() {
  for (;;) {
    const bool worked = Turn();
    const absl::MutexLock lock(&mutex_);
    if (!worked) {
      mutex_.Await(absl::Condition(
          +[](StepLoop* loop) ABSL_EXCLUSIVE_LOCKS_REQUIRED(loop->mutex_) {
            return loop->stopping_ || !loop->commands_.empty();
          },
          this));
    }
    if (stopping_) return;
  }
}

bool StepLoop::Turn() {
  RunCommands();
  if (faulted_) return false;
  const bool worked = Work();
  cache_.Tend();
  return worked;
}

bool StepLoop::Work() {
  if (FinishOne()) return true;
  if (options_.now() >= drain_deadline_ && !tasks_.empty()) {
    SaveOne(tasks_.front());
    return true;
  }
  return BeginOne() || LoadOne() || StepBatch();
}

void StepLoop::RunCommands() {
  std::vector<std::function<void()>> commands;
  {
    const absl::MutexLock lock(&mutex_);
    commands.swap(commands_);
  }
  for (const auto& command : commands) command();
  if (!commands.empty()) cache_.DropStale();
}

void StepLoop::DoDrain(absl::Duration grace) {
  drain_deadline_ = options_.now() + grace;
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    Task& current = *task++;
    if (current.waiting()) End(current, Refused(current.attempt(), "the worker is draining"));
  }
}

bool StepLoop::BeginOne() {
  for (Task& task : tasks_) {
    if (!task.waiting() || task.unpacking) continue;
    if (Begin(task)) return true;
    // Whoever came later may not take the memory that this one waits for.
    if (cache_.waits_for_memory()) return false;
  }
  return false;
}

// False if it must go on waiting for its model.
bool StepLoop::Begin(Task& task) {
  bool loaded = true;
  auto model = cache_.Acquire(task.assignment.spec().model(), [&] {
    loaded = false;
    outbox_.Update(task.progress.Enter(v1::TASK_STAGE_LOADING, options_.now()));
  });
  // Not a model of this worker, or none that fits here: other workers may have more luck, and
  // trying again here is no use.
  if (absl::IsNotFound(model.status()) || absl::IsFailedPrecondition(model.status()) ||
      absl::IsResourceExhausted(model.status())) {
    spdlog::warn("attempt refused {}: {}", Describe(task.attempt()), model.status().ToString());
    End(task, Refused(task.attempt(), std::string(model.status().message())));
    return true;
  }
  if (!model.ok()) {
    Fail(task, model.status());
    return true;
  }
  if (*model == nullptr) return false;
  cache_.Asked(loaded);
  outbox_.Update(task.progress.Enter(v1::TASK_STAGE_ENCODING, options_.now()));
  Pipeline& pipeline = *(*model)->pipeline;
  const std::string& checkpoint = task.assignment.checkpoint();
  auto generation = checkpoint.empty() ? pipeline.Prepare(task.request)
                                       : pipeline.Restore(task.request, checkpoint);
  if (!checkpoint.empty() && absl::IsInvalidArgument(generation.status())) {
    spdlog::warn("checkpoint not usable, begins anew {}: {}", Describe(task.attempt()),
                 std::string(generation.status().message()));
    generation = pipeline.Prepare(task.request);
  }
  TellNotes(task, **model);
  if (!generation.ok()) {
    Fail(task, generation.status());
    return true;
  }
  task.assignment.clear_checkpoint();
  task.model = *std::move(model);
  task.generation = *std::move(generation);
  task.progress.SetSteps(task.generation->steps());
  outbox_.Update(task.progress.Enter(v1::TASK_STAGE_DENOISING, options_.now()));
  return true;
}

bool StepLoop::FinishOne() {
  const auto task =
      std::find_if(tasks_.begin(), tasks_.end(), [](const Task& task) { return task.done(); });
  if (task == tasks_.end()) return false;
  outbox_.Update(task->progress.Enter(v1::TASK_STAGE_DECODING, options_.now()));
  auto image = task->model->pipeline->Finish(*task->generation);
  TellNotes(*task, *task->model);
  book_.ReportSteps(task->model->id);
  if (image.ok()) {
    Deliver(*task, *std::move(image));
  } else {
    Fail(*task, image.status());
  }
  return true;
}

// The rest of the work is the encoder's, so that the device goes on with the next image.
void StepLoop::Deliver(Task& task, Image image) {
  outbox_.Update(task.progress.Enter(v1::TASK_STAGE_SAVING, options_.now()));
  encoder_.Post([&outbox = outbox_, now = options_.now, attempt = task.attempt(),
                 spec = std::move(*task.assignment.mutable_spec()), sha256 = task.model->sha256,
                 progress = task.progress, image = std::move(image)]() mutable {
    auto picture = EncodePicture(image, spec, sha256);
    if (!picture.ok()) {
      outbox.Finish(Failed(attempt, picture.status()));
      return;
    }
    v1::TaskResult result;
    *result.mutable_attempt() = std::move(attempt);
    result.set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
    result.set_content_type(picture->content_type);
    result.set_size_bytes(picture->bytes.size());
    result.set_sha256(picture->sha256);
    result.set_width(image.width);
    result.set_height(image.height);
    for (const auto& [stage, seconds] : progress.StageSeconds(now())) {
      (*result.mutable_stage_seconds())[stage] = seconds;
    }
    outbox.Finish(std::move(result), std::move(picture->bytes));
  });
  Remove(task.key);
}

void StepLoop::SaveOne(Task& task) {
  if (task.waiting()) {
    End(task, Refused(task.attempt(), "the worker is draining"));
    return;
  }
  auto checkpoint = task.model->pipeline->Save(*task.generation);
  if (!checkpoint.ok()) {
    Fail(task, checkpoint.status());
    return;
  }
  outbox_.Checkpoint(task.attempt(), task.generation->step(), *std::move(checkpoint));
  Remove(task.key);
}

void StepLoop::End(Task& task, v1::TaskResult result) {
  for (const auto& [stage, seconds] : task.progress.StageSeconds(options_.now())) {
    (*result.mutable_stage_seconds())[stage] = seconds;
  }
  outbox_.Finish(std::move(result));
  Remove(task.key);
}

void StepLoop::Remove(const AttemptKey& key) {
  tasks_.remove_if([&](const Task& task) { return task.key == key; });
}

Task* StepLoop::Find(const AttemptKey& key) {
  const auto found =
      std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& task) { return task.key == key; });
  return found == tasks_.end() ? nullptr : &*found;
}

void StepLoop::Fail(Task& task, const absl::Status& status) {
  spdlog::warn("attempt failed {}: {}", Describe(task.attempt()), status.ToString());
  if (absl::IsUnavailable(status)) {
    Fault(status);
  } else {
    End(task, Failed(task.attempt(), status));
  }
}

void StepLoop::Fault(const absl::Status& status) {
  faulted_ = true;
  while (!tasks_.empty()) End(tasks_.front(), Failed(tasks_.front().attempt(), status));
  on_fault_(status);
}

}  // namespace hanga
