// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How a step loop steps: batches, steps that overlap, and what each leaves behind.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "worker/agent/step_loop.h"
#include "worker/media/preview.h"

namespace hanga {
namespace {

// Previews waiting for the encoder beyond these are not worth their time.
constexpr size_t kMaxWaitingPreviews = 4;

}  // namespace

bool StepLoop::StepBatch() {
  std::vector<Task*> stepping;
  std::vector<Candidate> candidates;
  for (Task& task : tasks_) {
    if (task.waiting() || task.done()) continue;
    stepping.push_back(&task);
    candidates.push_back({.model = task.model->id,
                          .batch_key = task.generation->batch_key(),
                          .alone = task.assignment.spec().deterministic(),
                          .last_stepped = task.last_stepped});
  }
  const std::vector<size_t> chosen = ChooseBatch(candidates, limits_);
  if (chosen.empty()) return false;
  const ModelHandle model = stepping[chosen.front()]->model;
  if (model->pipeline->launches()) {
    stepping.erase(std::remove_if(stepping.begin(), stepping.end(),
                                  [&](const Task* task) { return task->model != model; }),
                   stepping.end());
    std::stable_sort(stepping.begin(), stepping.end(), [](const Task* a, const Task* b) {
      return a->last_stepped < b->last_stepped;
    });
    StepInFlight(stepping);
    return true;
  }
  std::vector<Task*> batch;
  std::vector<Generation*> generations;
  for (const size_t i : chosen) {
    batch.push_back(stepping[i]);
    generations.push_back(stepping[i]->generation.get());
  }
  cache_.Watch(*model);
  const absl::Time start = options_.now();
  const absl::Status status = batch.front()->model->pipeline->Step(generations);
  TellNotes(*batch.front(), *batch.front()->model);
  if (!status.ok()) {
    StepFailed(batch, batch.size(), status);
    return true;
  }
  ++turn_;
  const absl::Duration step_time = options_.now() - start;
  Measured(*batch.front(), batch.size(), step_time);
  for (Task* task : batch) Stepped(*task, step_time);
  return true;
}

// What steps alone for its bits' sake may be on its way with others, as none changes them.
bool StepLoop::LaunchAll(const std::vector<Task*>& tasks) {
  for (Task* task : tasks) {
    const auto others = static_cast<size_t>(
        std::count_if(tasks.begin(), tasks.end(), [](const Task* t) { return t->flight; }));
    const Candidate candidate = {task->model->id, task->generation->batch_key()};
    if (task->flight || others >= limits_.Of(candidate)) continue;
    const absl::Time start = options_.now();
    const absl::Status launched = task->model->pipeline->Launch(*task->generation);
    if (!launched.ok()) {
      StepFailed({task}, others + 1, launched);
      return false;
    }
    task->flight = {++launches_, others, start};
  }
  return true;
}

void StepLoop::StepInFlight(const std::vector<Task*>& tasks) {
  if (!LaunchAll(tasks)) return;
  Task& oldest = **std::min_element(tasks.begin(), tasks.end(), [](const Task* a, const Task* b) {
    const auto number = [](const Task* task) {
      return task->flight ? task->flight->number : UINT64_MAX;
    };
    return number(a) < number(b);
  });
  const Task::Flight flight = *std::exchange(oldest.flight, std::nullopt);
  const absl::Status landed = oldest.model->pipeline->Land(*oldest.generation);
  TellNotes(oldest, *oldest.model);
  if (!landed.ok()) {
    StepFailed({&oldest}, flight.others + 1, landed);
    return;
  }
  ++turn_;
  const absl::Duration step_time = options_.now() - flight.start;
  Measured(oldest, flight.others + 1, step_time);
  Stepped(oldest, step_time);
}

// Out of memory: a smaller batch; then without the idle models, once; then the task fails. None of
// the batch has advanced.
void StepLoop::StepFailed(const std::vector<Task*>& batch, size_t together,
                          const absl::Status& status) {
  if (absl::IsResourceExhausted(status)) {
    const Task& first = *batch.front();
    if (together > 1) {
      limits_.OutOfMemory({first.model->id, first.generation->batch_key()}, together);
      spdlog::warn("batch does not fit images={} model={}", together, first.model->id);
      return;
    }
    cache_.DropIdle();
    if (!std::exchange(batch.front()->retried, true)) return;
  }
  for (Task* task : batch) {
    Fail(*task, status);
    if (faulted_) return;
  }
}

void StepLoop::Stepped(Task& task, absl::Duration step_time) {
  task.last_stepped = turn_;
  task.retried = false;
  const int step = task.generation->step();
  if (auto update = task.progress.Stepped(step, step_time, options_.now())) {
    outbox_.Update(*std::move(update));
  }
  const int interval = static_cast<int>(task.assignment.spec().preview_interval());
  if (interval > 0 && step % interval == 0 && !task.done()) SendPreview(task);
}

void StepLoop::Measured(const Task& task, size_t batch, absl::Duration step_time) {
  const GenerationRequest& request = task.request;
  StepSize size;
  size.width = request.width;
  size.height = request.height;
  size.batch = static_cast<uint32_t>(batch);
  const std::optional<PlacementView>& plan = task.model->placement;
  const bool as_planned = plan && batch == 1 && request.true_cfg_scale <= 1 &&
                          request.width == plan->width && request.height == plan->height;
  if (as_planned) size.predicted_seconds = plan->step_seconds;
  book_.Stepped(task.model->id, size, step_time);
}

void StepLoop::TellNotes(Task& task, LoadedModel& model) {
  const std::vector<std::string> notes = model.pipeline->TakeNotes();
  if (notes.empty()) return;
  for (const std::string& note : notes) {
    spdlog::warn("note {} model={}: {}", Describe(task.attempt()), model.name, note);
    book_.Noted(model.id, note);
    outbox_.Update(task.progress.Note(note));
  }
  cache_.Moved(model);
}

void StepLoop::SendPreview(Task& task) {
  if (encoder_.waiting() >= kMaxWaitingPreviews) return;
  auto image = task.model->pipeline->Preview(*task.generation);
  if (!image.ok()) return;  // a picture without previews is better than none
  encoder_.Post([&outbox = outbox_, attempt = task.attempt(), step = task.generation->step(),
                 image = *std::move(image)] {
    auto bytes = EncodePreview(image);
    if (!bytes.ok()) return;
    v1::Preview preview;
    preview.set_index(attempt.index());
    preview.set_step(step);
    preview.set_content_type("image/png");
    preview.set_data(*std::move(bytes));
    outbox.AddPreview(attempt, std::move(preview));
  });
}

}  // namespace hanga
