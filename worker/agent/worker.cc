// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/worker.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "worker/agent/outcome.h"

namespace hanga {
namespace {

constexpr absl::Duration kLinger = absl::Seconds(2);  // to send the last messages
constexpr absl::Duration kAwayWhileStopping = absl::Seconds(10);

std::vector<v1::ModelDeployment> ListOf(
    const google::protobuf::RepeatedPtrField<v1::ModelDeployment>& models) {
  return {models.begin(), models.end()};
}

}  // namespace

Worker::Worker(WorkerOptions options, Engine engine, StreamFactory* factory)
    : options_(std::move(options)),
      engine_(std::move(engine)),
      book_(&outbox_),
      loop_(options_.step_loop, &engine_, &book_, &outbox_, &encoder_,
            [this](const absl::Status& status) { DeviceFailed(status); }),
      inputs_(
          options_.kept_input_bytes, &outbox_,
          [this](v1::Assignment assignment, InputSet inputs) {
            loop_.Assign(std::move(assignment), std::move(inputs));
          },
          [this](const v1::AttemptRef& attempt, const absl::Status& status) {
            outbox_.Finish(Failed(attempt, status));
          }),
      group_(&engine_, &book_, &outbox_, &loop_, [this] { CheckDrained(); }),
      link_(options_.link, factory, &outbox_, this) {
  outbox_.set_wake([this] { link_.Pump(); });
}

Worker::~Worker() {
  group_.Stop();
  examiner_.Stop();
  encoder_.Stop();
  loop_.Stop();
  if (compute_.joinable()) compute_.join();
}

LinkEnd Worker::Run() {
  examiner_.Start();
  encoder_.Start();
  compute_ = std::thread([this] { loop_.Run(); });
  return link_.Run();
}

v1::Hello Worker::MakeHello() {
  v1::Hello hello;
  hello.set_link_version(v1::LINK_VERSION_1);
  hello.set_worker_id(options_.id);
  hello.set_incarnation(options_.incarnation);
  hello.set_version(HANGA_VERSION);
  hello.set_host(options_.host);
  hello.set_pid(static_cast<uint32_t>(getpid()));
  *hello.mutable_device() = options_.device;
  hello.mutable_device()->set_free_bytes(engine_.free_bytes());
  hello.set_max_tasks(static_cast<uint32_t>(options_.max_tasks));
  for (v1::AttemptRef& attempt : outbox_.Holding()) *hello.add_holding() = std::move(attempt);
  if (engine_.door != nullptr) hello.set_group_address(engine_.door->address());
  return hello;
}

v1::Heartbeat Worker::MakeHeartbeat() {
  v1::Heartbeat heartbeat;
  heartbeat.set_free_bytes(engine_.free_bytes());
  book_.FreeBytes(heartbeat.free_bytes());
  *heartbeat.mutable_stats() =
      loop_.counters().Stats(engine_.held_bytes(), options_.step_loop.now());
  for (v1::AttemptRef& attempt : outbox_.Holding()) *heartbeat.add_holding() = std::move(attempt);
  const absl::MutexLock lock(&mutex_);
  heartbeat.set_problem(problem_.empty() && terminating_ ? "is shutting down" : problem_);
  heartbeat.set_healthy(heartbeat.problem().empty());
  return heartbeat;
}

void Worker::OnMessage(v1::AttachResponse message) {
  switch (message.message_case()) {
    case v1::AttachResponse::kWelcome:
      SetModels(ListOf(message.welcome().models()));
      inputs_.Connected();
      break;
    case v1::AttachResponse::kAssignment:
      Take(std::move(*message.mutable_assignment()));
      break;
    case v1::AttachResponse::kCancelTask:
      Cancel(message.cancel_task().attempt());
      break;
    case v1::AttachResponse::kInputPiece:
      inputs_.OnPiece(message.input_piece());
      break;
    case v1::AttachResponse::kChunkAck:
      outbox_.Acknowledge(message.chunk_ack());
      break;
    case v1::AttachResponse::kTaskVerdict:
      Conclude(message.task_verdict());
      break;
    case v1::AttachResponse::kDrain:
      Drain(absl::Nanoseconds(
          google::protobuf::util::TimeUtil::DurationToNanoseconds(message.drain().grace())));
      break;
    case v1::AttachResponse::kSetGroup:
      group_.Set(std::move(*message.mutable_set_group()));
      break;
    case v1::AttachResponse::kHoldModel:
      if (message.hold_model().hold()) {
        loop_.Load(message.hold_model().model());
      } else {
        loop_.Unload(message.hold_model().model());
      }
      break;
    case v1::AttachResponse::kSetModels:
      SetModels(ListOf(message.set_models().models()));
      break;
    default:
      break;  // of a later version of the link, which says so in its Welcome
  }
}

void Worker::SetModels(std::vector<v1::ModelDeployment> models) {
  for (v1::ModelDeployment& deployment : book_.SetDeployments(std::move(models))) {
    examiner_.Post([this, deployment = std::move(deployment)] {
      auto facts = engine_.examine(FilesOf(deployment));
      if (!facts.ok()) {
        spdlog::warn("model not usable model={}: {}", deployment.name(), facts.status().ToString());
      }
      const bool usable = facts.ok();
      book_.Examined(deployment, std::move(facts));
      if (usable && deployment.preload()) loop_.Load(deployment.name());
      loop_.Wake();
    });
  }
  loop_.Wake();
}

void Worker::Take(v1::Assignment assignment) {
  if (outbox_.Holds(assignment.attempt())) return;  // told twice
  const std::string why_not = WhyNot();
  outbox_.Hold(assignment.attempt());
  if (why_not.empty()) {
    inputs_.Prepare(std::move(assignment));
  } else {
    outbox_.Finish(Refused(assignment.attempt(), why_not));
  }
}

void Worker::Cancel(const v1::AttemptRef& attempt) {
  if (inputs_.Drop(attempt)) {
    outbox_.Finish(Cancelled(attempt));
  } else {
    loop_.Cancel(attempt);
  }
}

std::string Worker::WhyNot() {
  {
    const absl::MutexLock lock(&mutex_);
    if (!problem_.empty()) return problem_;
    if (terminating_) return "the worker is shutting down";
    if (draining_) return "the worker is draining";
  }
  if (group_.follows()) return "the worker follows in a group";
  const size_t working = outbox_.Working(), most = options_.max_tasks * group_.size();
  if (working < most) return "";
  return absl::StrCat("the worker holds ", working, " tasks, its limit is ", most);
}

void Worker::Conclude(const v1::TaskVerdict& verdict) {
  if (!outbox_.Forget(verdict.attempt())) return;
  if (verdict.code() != 0) {
    spdlog::info("result refused {}: {}", Describe(verdict.attempt()), verdict.message());
  }
  inputs_.Drop(verdict.attempt());
  loop_.Drop(verdict.attempt());
  CheckDrained();
}

void Worker::Drain(absl::Duration grace) {
  {
    const absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  for (const v1::AttemptRef& attempt : inputs_.DropAll()) {
    outbox_.Finish(Refused(attempt, "the worker is draining"));
  }
  loop_.Drain(grace);
  CheckDrained();
}

void Worker::Terminate() {
  bool again, draining;
  {
    const absl::MutexLock lock(&mutex_);
    again = std::exchange(terminating_, true);
    draining = std::exchange(draining_, true);
  }
  if (again) {
    link_.Stop({kExitDrained, ""}, absl::ZeroDuration());
    return;
  }
  spdlog::info("asked to stop: draining");
  outbox_.Beat(MakeHeartbeat());  // so that nothing more is assigned
  link_.LimitAway(kAwayWhileStopping);
  if (!draining) Drain(absl::ZeroDuration());
  CheckDrained();
}

// Nothing is held once the scheduler has given its verdict on every task.
void Worker::CheckDrained() {
  bool terminating;
  {
    const absl::MutexLock lock(&mutex_);
    if (!draining_ || !outbox_.Holding().empty()) return;
    terminating = terminating_;
    // The leader has images on their way through this worker, and is drained first.
    if (terminating && group_.follows()) return;
    draining_ = false;
  }
  outbox_.SayDrained();
  if (terminating) link_.Stop({kExitDrained, ""}, kLinger);
}

void Worker::DeviceFailed(const absl::Status& status) {
  const std::string problem =
      absl::StrCat("device ", options_.device.id(), " failed: ", status.message());
  {
    const absl::MutexLock lock(&mutex_);
    problem_ = problem;
  }
  outbox_.Beat(MakeHeartbeat());
  link_.Stop({kExitDeviceFault, problem}, kLinger);
}

}  // namespace hanga
