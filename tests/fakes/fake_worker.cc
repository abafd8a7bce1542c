// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/fake_worker.h"

#include <algorithm>

#include "scheduler/durable_file.h"

namespace hanga {

class FakeWorker::Sink : public WorkerSink {
 public:
  void Send(v1::AttachResponse response) override {
    absl::MutexLock lock(&mu_);
    said_.push_back(std::move(response));
  }
  void Close(absl::Status) override {
    absl::MutexLock lock(&mu_);
    closed_ = true;
  }

  std::vector<v1::AttachResponse> Take(v1::AttachResponse::MessageCase kind) {
    absl::MutexLock lock(&mu_);
    const auto kept = std::stable_partition(
        said_.begin(), said_.end(), [&](const auto& r) { return r.message_case() != kind; });
    std::vector<v1::AttachResponse> taken(kept, said_.end());
    said_.erase(kept, said_.end());
    return taken;
  }
  bool closed() {
    absl::MutexLock lock(&mu_);
    return closed_;
  }

 private:
  absl::Mutex mu_;
  std::vector<v1::AttachResponse> said_;
  bool closed_ = false;
};

void FakeWorker::Connect(Scheduler& scheduler, uint32_t max_tasks) {
  sink_ = std::make_shared<Sink>();
  session_ = scheduler.Attach("", sink_);
  v1::AttachRequest message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_link_version(v1::LINK_VERSION_1);
  hello.set_worker_id(id_);
  hello.set_incarnation(incarnation_);
  hello.set_max_tasks(max_tasks);
  for (const auto& ref : holding_) *hello.add_holding() = ref;
  hello.MergeFrom(hello_);
  Say(std::move(message));
  for (const auto& response : sink_->Take(v1::AttachResponse::kWelcome)) {
    for (const auto& model : response.welcome().models()) {
      Report(model.name(), v1::MODEL_STATE_USABLE);
    }
  }
}

std::vector<v1::SetGroup> FakeWorker::TakeGroups() {
  std::vector<v1::SetGroup> places;
  for (auto& response : sink_->Take(v1::AttachResponse::kSetGroup)) {
    places.push_back(response.set_group());
  }
  return places;
}

std::vector<v1::HoldModel> FakeWorker::TakeHolds() {
  std::vector<v1::HoldModel> holds;
  for (auto& response : sink_->Take(v1::AttachResponse::kHoldModel)) {
    holds.push_back(response.hold_model());
  }
  return holds;
}

void FakeWorker::ReportGroup(uint64_t group, bool ready, const std::string& problem, int suspect) {
  v1::AttachRequest message;
  v1::GroupReport& report = *message.mutable_group_report();
  report.set_group(group);
  report.set_ready(ready);
  report.set_problem(problem);
  if (suspect >= 0) report.set_suspect(static_cast<uint32_t>(suspect));
  Say(std::move(message));
}

void FakeWorker::Disconnect() {
  session_->OnClosed();
  session_.reset();
}

void FakeWorker::Heartbeat(bool healthy) {
  v1::AttachRequest message;
  message.mutable_heartbeat()->set_healthy(healthy);
  for (const auto& ref : holding_) *message.mutable_heartbeat()->add_holding() = ref;
  Say(std::move(message));
}

void FakeWorker::Report(const std::string& name, v1::ModelState state, bool loaded) {
  v1::AttachRequest message;
  v1::ModelReport& report = *message.mutable_model_report();
  report.set_loaded(loaded);
  v1::Model& model = *report.mutable_model();
  model.set_name(name);
  model.set_state(state);
  if (state == v1::MODEL_STATE_UNUSABLE) model.set_problem("its files are truncated");
  v1::ModelLimits& limits = *model.mutable_limits();
  limits.set_min_width(16);
  limits.set_max_width(2048);
  limits.set_min_height(16);
  limits.set_max_height(2048);
  limits.set_max_pixels(1024 * 1024);
  limits.set_size_multiple(16);
  limits.set_max_steps(100);
  limits.set_max_images(64);
  limits.add_samplers("flow_match_euler");
  v1::GenerationSpec& defaults = *model.mutable_defaults();
  defaults.set_steps(20);
  defaults.set_width(512);
  defaults.set_height(256);
  defaults.set_guidance_scale(3.5);
  defaults.set_sampler("flow_match_euler");
  model.MergeFrom(facts_);
  Say(std::move(message));
}

void FakeWorker::Update(const v1::AttemptRef& attempt, uint32_t step, const std::string& preview) {
  v1::AttachRequest message;
  v1::TaskUpdate& update = *message.mutable_task_update();
  *update.mutable_attempt() = attempt;
  update.set_stage(v1::TASK_STAGE_DENOISING);
  update.set_step(step);
  update.set_steps(20);
  update.mutable_step_time()->set_nanos(100'000'000);
  if (!preview.empty()) update.mutable_preview()->set_data(preview);
  Say(std::move(message));
}

void FakeWorker::Succeed(const v1::AttemptRef& attempt, const std::string& bytes) {
  const std::string halves[] = {bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2)};
  uint64_t offset = 0;
  for (const std::string& half : halves) {
    v1::AttachRequest message;
    *message.mutable_chunk()->mutable_attempt() = attempt;
    message.mutable_chunk()->set_offset(offset);
    message.mutable_chunk()->set_data(half);
    Say(std::move(message));
    offset += half.size();
  }
  Sha256 hash;
  hash.Add(bytes);
  v1::AttachRequest message;
  v1::TaskResult& result = *message.mutable_task_result();
  *result.mutable_attempt() = attempt;
  result.set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
  result.set_content_type("image/png");
  result.set_size_bytes(bytes.size());
  result.set_sha256(hash.Hex());
  Say(std::move(message));
}

void FakeWorker::Fail(const v1::AttemptRef& attempt, const std::string& reason, bool retryable) {
  v1::AttachRequest message;
  v1::TaskResult& result = *message.mutable_task_result();
  *result.mutable_attempt() = attempt;
  result.set_outcome(v1::TASK_OUTCOME_FAILED);
  result.set_retryable(retryable);
  result.mutable_error()->set_reason(reason);
  result.mutable_error()->set_message("it did not work");
  Say(std::move(message));
}

void FakeWorker::End(const v1::AttemptRef& attempt, v1::TaskOutcome outcome) {
  v1::AttachRequest message;
  *message.mutable_task_result()->mutable_attempt() = attempt;
  message.mutable_task_result()->set_outcome(outcome);
  Say(std::move(message));
}

void FakeWorker::Save(const v1::AttemptRef& attempt, uint32_t step, const std::string& bytes) {
  v1::AttachRequest message;
  v1::TaskCheckpoint& checkpoint = *message.mutable_task_checkpoint();
  *checkpoint.mutable_attempt() = attempt;
  checkpoint.set_step(step);
  checkpoint.set_data(bytes);
  checkpoint.set_last(true);
  Say(std::move(message));
}

void FakeWorker::SayDrained() {
  v1::AttachRequest message;
  message.mutable_drained();
  Say(std::move(message));
}

void FakeWorker::Say(v1::AttachRequest message) { session_->OnMessage(std::move(message)); }

std::vector<v1::Assignment> FakeWorker::TakeAssignments() {
  std::vector<v1::Assignment> assignments;
  for (auto& response : sink_->Take(v1::AttachResponse::kAssignment)) {
    holding_.push_back(response.assignment().attempt());
    assignments.push_back(std::move(*response.mutable_assignment()));
  }
  return assignments;
}

std::vector<v1::AttemptRef> FakeWorker::TakeCancels() {
  std::vector<v1::AttemptRef> cancels;
  for (auto& response : sink_->Take(v1::AttachResponse::kCancelTask)) {
    cancels.push_back(response.cancel_task().attempt());
  }
  return cancels;
}

std::vector<v1::TaskVerdict> FakeWorker::TakeVerdicts() {
  std::vector<v1::TaskVerdict> verdicts;
  for (auto& response : sink_->Take(v1::AttachResponse::kTaskVerdict)) {
    const uint64_t token = response.task_verdict().attempt().token();
    std::erase_if(holding_, [token](const auto& ref) { return ref.token() == token; });
    verdicts.push_back(std::move(*response.mutable_task_verdict()));
  }
  return verdicts;
}

std::vector<v1::Goodbye> FakeWorker::TakeGoodbyes() {
  std::vector<v1::Goodbye> goodbyes;
  for (auto& response : sink_->Take(v1::AttachResponse::kGoodbye)) {
    goodbyes.push_back(response.goodbye());
  }
  return goodbyes;
}

int FakeWorker::TakeDrains() {
  return static_cast<int>(sink_->Take(v1::AttachResponse::kDrain).size());
}

std::vector<v1::InputPiece> FakeWorker::TakeInputPieces() {
  std::vector<v1::InputPiece> pieces;
  for (auto& response : sink_->Take(v1::AttachResponse::kInputPiece)) {
    pieces.push_back(std::move(*response.mutable_input_piece()));
  }
  return pieces;
}

bool FakeWorker::closed() const { return sink_->closed(); }

}  // namespace hanga
