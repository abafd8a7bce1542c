// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/outbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

constexpr size_t kMaxPieceBytes = 1 << 20;
constexpr size_t kDefaultWindowBytes = 4 << 20;

}  // namespace

Outbox::Task* Outbox::Open(const v1::AttemptRef& attempt) {
  const auto found = tasks_.find(KeyOf(attempt));
  return found == tasks_.end() || found->second.ended ? nullptr : &found->second;
}

bool Outbox::Hold(const v1::AttemptRef& attempt) {
  const absl::MutexLock lock(&mutex_);
  const auto [task, is_new] = tasks_.try_emplace(KeyOf(attempt));
  if (is_new) task->second.attempt = attempt;
  return is_new;
}

void Outbox::Update(v1::TaskUpdate update) {
  {
    const absl::MutexLock lock(&mutex_);
    Task* task = Open(update.attempt());
    if (task == nullptr) return;
    if (task->update_due && task->update.has_preview() && !update.has_preview()) {
      *update.mutable_preview() = std::move(*task->update.mutable_preview());
    }
    if (task->update_due && !task->update.note().empty()) {
      update.set_note(update.note().empty()
                          ? task->update.note()
                          : absl::StrCat(task->update.note(), " ", update.note()));
    }
    task->update = std::move(update);
    task->update_due = true;
  }
  Wake();
}

void Outbox::AddPreview(const v1::AttemptRef& attempt, v1::Preview preview) {
  {
    const absl::MutexLock lock(&mutex_);
    Task* task = Open(attempt);
    if (task == nullptr) return;
    *task->update.mutable_attempt() = attempt;
    *task->update.mutable_preview() = std::move(preview);
    task->update_due = true;
  }
  Wake();
}

void Outbox::Finish(v1::TaskResult result, std::string bytes) {
  {
    const absl::MutexLock lock(&mutex_);
    Task* task = Open(result.attempt());
    if (task == nullptr) return;
    task->ended = task->closing_due = true;
    task->update_due = false;
    task->bytes = std::move(bytes);
    task->result = std::move(result);
  }
  Wake();
}

void Outbox::Checkpoint(const v1::AttemptRef& attempt, uint32_t step, std::string bytes) {
  {
    const absl::MutexLock lock(&mutex_);
    Task* task = Open(attempt);
    if (task == nullptr) return;
    task->ended = task->closing_due = true;
    task->update_due = false;
    task->bytes = std::move(bytes);
    task->checkpoint_step = step;
  }
  Wake();
}

bool Outbox::Forget(const v1::AttemptRef& attempt) {
  bool held;
  {
    const absl::MutexLock lock(&mutex_);
    held = tasks_.erase(KeyOf(attempt)) > 0;
  }
  Wake();  // its pieces no longer fill the window
  return held;
}

bool Outbox::Holds(const v1::AttemptRef& attempt) const {
  const absl::MutexLock lock(&mutex_);
  return tasks_.count(KeyOf(attempt)) > 0;
}

std::vector<v1::AttemptRef> Outbox::Holding() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<v1::AttemptRef> attempts;
  for (const auto& [key, task] : tasks_) attempts.push_back(task.attempt);
  return attempts;
}

size_t Outbox::Working() const {
  const absl::MutexLock lock(&mutex_);
  return std::count_if(tasks_.begin(), tasks_.end(),
                       [](const auto& entry) { return !entry.second.ended; });
}

void Outbox::Report(v1::ModelReport report) {
  {
    const absl::MutexLock lock(&mutex_);
    Model& model = models_[report.model().name()];
    model.report = std::move(report);
    model.due = true;
  }
  Wake();
}

void Outbox::Report(v1::GroupReport report) {
  {
    const absl::MutexLock lock(&mutex_);
    group_ = std::move(report);
    group_due_ = true;
  }
  Wake();
}

void Outbox::Withdraw(const std::string& model) {
  const absl::MutexLock lock(&mutex_);
  models_.erase(model);
}

void Outbox::Beat(v1::Heartbeat heartbeat) {
  {
    const absl::MutexLock lock(&mutex_);
    heartbeat_ = std::move(heartbeat);
  }
  Wake();
}

void Outbox::SayDrained() {
  {
    const absl::MutexLock lock(&mutex_);
    drained_due_ = true;
  }
  Wake();
}

void Outbox::Ask(v1::InputRequest request) {
  {
    const absl::MutexLock lock(&mutex_);
    requests_.push_back(std::move(request));
  }
  Wake();
}

void Outbox::Connected(uint32_t window_bytes) {
  {
    const absl::MutexLock lock(&mutex_);
    window_bytes_ = window_bytes == 0 ? kDefaultWindowBytes : window_bytes;
    for (auto& [key, task] : tasks_) {
      task.sent = task.acknowledged = 0;
      task.closing_due = task.ended;
      task.update_due = !task.ended && task.update.has_attempt();
    }
    for (auto& [name, model] : models_) model.due = true;
    group_due_ = group_.has_value();
    heartbeat_.reset();
    requests_.clear();
  }
  Wake();
}

void Outbox::Acknowledge(const v1::ChunkAck& ack) {
  {
    const absl::MutexLock lock(&mutex_);
    const auto found = tasks_.find(KeyOf(ack.attempt()));
    if (found == tasks_.end()) return;
    Task& task = found->second;
    task.acknowledged = std::clamp<size_t>(ack.received_bytes(), task.acknowledged, task.sent);
  }
  Wake();
}

size_t Outbox::InFlight() const {
  size_t bytes = 0;
  for (const auto& [key, task] : tasks_) bytes += task.sent - task.acknowledged;
  return bytes;
}

// Heartbeats first: a long result must not cost the lease.
std::optional<v1::AttachRequest> Outbox::Next() {
  const absl::MutexLock lock(&mutex_);
  if (auto message = NextControl()) return message;
  if (auto message = NextUpdate()) return message;
  if (auto message = NextPiece()) return message;
  if (!std::exchange(drained_due_, false)) return std::nullopt;
  v1::AttachRequest message;
  message.mutable_drained();
  return message;
}

std::optional<v1::AttachRequest> Outbox::NextControl() {
  v1::AttachRequest message;
  if (heartbeat_) {
    *message.mutable_heartbeat() = *std::exchange(heartbeat_, std::nullopt);
    return message;
  }
  for (auto& [name, model] : models_) {
    if (!std::exchange(model.due, false)) continue;
    *message.mutable_model_report() = model.report;
    return message;
  }
  if (std::exchange(group_due_, false)) {
    *message.mutable_group_report() = *group_;
    return message;
  }
  if (!requests_.empty()) {
    message.mutable_input_request()->Swap(&requests_.front());
    requests_.pop_front();
    return message;
  }
  return std::nullopt;
}

std::optional<v1::AttachRequest> Outbox::NextUpdate() {
  for (auto& [key, task] : tasks_) {
    if (!std::exchange(task.update_due, false)) continue;
    v1::AttachRequest message;
    *message.mutable_task_update() = task.update;
    task.update.clear_preview();
    return message;
  }
  return std::nullopt;
}

// Tasks take turns, so that a small result does not wait for a large one.
std::optional<v1::AttachRequest> Outbox::NextPiece() {
  const auto first = tasks_.upper_bound(last_piece_);
  for (auto task = first; task != tasks_.end(); ++task) {
    if (auto message = PieceOf(task->second)) return message;
  }
  for (auto task = tasks_.begin(); task != first; ++task) {
    if (auto message = PieceOf(task->second)) return message;
  }
  return std::nullopt;
}

std::optional<v1::AttachRequest> Outbox::PieceOf(Task& task) {
  if (!task.closing_due) return std::nullopt;
  const size_t left = task.bytes.size() - task.sent, in_flight = InFlight();
  const size_t room = window_bytes_ > in_flight ? window_bytes_ - in_flight : 0;
  const size_t size = std::min({left, room, kMaxPieceBytes});
  if (left > 0 && size == 0) return std::nullopt;
  v1::AttachRequest message;
  const bool last = size == left;
  if (task.checkpoint_step) {
    v1::TaskCheckpoint& piece = *message.mutable_task_checkpoint();
    *piece.mutable_attempt() = task.attempt;
    piece.set_step(*task.checkpoint_step);
    piece.set_offset(task.sent);
    piece.set_data(task.bytes.substr(task.sent, size));
    piece.set_last(last);
    task.closing_due = !last;
  } else if (left > 0) {
    v1::Chunk& piece = *message.mutable_chunk();
    *piece.mutable_attempt() = task.attempt;
    piece.set_offset(task.sent);
    piece.set_data(task.bytes.substr(task.sent, size));
  } else {
    *message.mutable_task_result() = task.result;
    task.closing_due = false;
  }
  task.sent += size;
  last_piece_ = KeyOf(task.attempt);
  return message;
}

bool Outbox::Flushed() const {
  const absl::MutexLock lock(&mutex_);
  if (heartbeat_ || drained_due_) return false;
  return std::none_of(tasks_.begin(), tasks_.end(),
                      [](const auto& entry) { return entry.second.closing_due; });
}

}  // namespace hanga
