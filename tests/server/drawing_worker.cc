// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/server/drawing_worker.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "server/auth.h"

namespace hanga {

DrawingWorker::DrawingWorker(std::shared_ptr<grpc::Channel> channel, const std::string& id,
                             const std::string& token, bool held)
    : stub_(v1::WorkerLinkService::NewStub(channel)) {
  if (!held) released_.Notify();
  if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
  stream_ = stub_->Attach(&context_);
  thread_ = std::thread([this, id] { Run(id); });
}

DrawingWorker::~DrawingWorker() {
  context_.TryCancel();
  Release();
  if (thread_.joinable()) thread_.join();
}

void DrawingWorker::Release() {
  if (!released_.HasBeenNotified()) released_.Notify();
}

grpc::Status DrawingWorker::Ended() {
  thread_.join();
  return status_;
}

std::string DrawingWorker::goodbye() {
  absl::MutexLock lock(&mutex_);
  return goodbye_;
}

std::string DrawingWorker::Picture(const v1::GenerationSpec& spec) {
  // More than one piece of a download.
  return absl::StrCat(spec.prompt(), " ", spec.seed(), std::string(1'500'000, '.'));
}

void DrawingWorker::Write(const v1::AttachRequest& request) {
  absl::MutexLock lock(&write_mutex_);
  stream_->Write(request);
}

void DrawingWorker::Run(const std::string& id) {
  v1::AttachRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_link_version(v1::LINK_VERSION_1);
  hello.set_worker_id(id);
  hello.set_incarnation(1);
  hello.set_max_tasks(1);
  hello.mutable_device()->set_id("cpu:0");
  Write(request);
  std::vector<std::thread> drawings;
  for (v1::AttachResponse response; stream_->Read(&response);) {
    for (const auto& deployment : response.welcome().models()) Report(deployment);
    if (response.has_goodbye()) {
      absl::MutexLock lock(&mutex_);
      goodbye_ = response.goodbye().reason();
    }
    if (response.has_assignment()) {
      {
        absl::MutexLock lock(&mutex_);
        attempt_ = response.assignment().attempt();
      }
      if (!working_.HasBeenNotified()) working_.Notify();
      drawings.emplace_back([this, assignment = response.assignment()] { Draw(assignment); });
    }
    if (response.has_cancel_task()) {
      v1::AttachRequest cancelled;
      *cancelled.mutable_task_result()->mutable_attempt() = response.cancel_task().attempt();
      cancelled.mutable_task_result()->set_outcome(v1::TASK_OUTCOME_CANCELLED);
      Write(cancelled);
    }
  }
  status_ = stream_->Finish();
  Release();
  for (std::thread& drawing : drawings) drawing.join();
}

void DrawingWorker::ShowPreview(uint32_t step, const std::string& bytes) {
  v1::AttachRequest request;
  v1::TaskUpdate& update = *request.mutable_task_update();
  {
    absl::MutexLock lock(&mutex_);
    *update.mutable_attempt() = attempt_;
  }
  update.set_stage(v1::TASK_STAGE_DENOISING);
  update.set_step(step);
  update.set_steps(100);
  update.mutable_preview()->set_step(step);
  update.mutable_preview()->set_content_type("image/png");
  update.mutable_preview()->set_data(bytes);
  Write(request);
}

void DrawingWorker::Report(const v1::ModelDeployment& deployment) {
  v1::AttachRequest request;
  v1::ModelReport& report = *request.mutable_model_report();
  report.set_revision(deployment.revision());
  v1::Model& model = *report.mutable_model();
  model.set_name(deployment.name());
  model.set_state(v1::MODEL_STATE_USABLE);
  v1::ModelLimits& limits = *model.mutable_limits();
  limits.set_min_width(16);
  limits.set_max_width(1024);
  limits.set_min_height(16);
  limits.set_max_height(1024);
  limits.set_max_pixels(1 << 20);
  limits.set_size_multiple(16);
  limits.set_max_steps(100);
  limits.set_max_images(100);
  v1::GenerationSpec& defaults = *model.mutable_defaults();
  defaults.set_steps(2);
  defaults.set_width(64);
  defaults.set_height(64);
  Write(request);
}

void DrawingWorker::Draw(const v1::Assignment& assignment) {
  v1::AttachRequest request;
  *request.mutable_task_update()->mutable_attempt() = assignment.attempt();
  request.mutable_task_update()->set_stage(v1::TASK_STAGE_DENOISING);
  request.mutable_task_update()->set_step(1);
  request.mutable_task_update()->set_steps(assignment.spec().steps());
  Write(request);
  released_.WaitForNotification();
  const std::string picture = Picture(assignment.spec());
  constexpr size_t kPiece = 1 << 20;
  for (size_t offset = 0; offset < picture.size(); offset += kPiece) {
    request.Clear();
    *request.mutable_chunk()->mutable_attempt() = assignment.attempt();
    request.mutable_chunk()->set_offset(offset);
    request.mutable_chunk()->set_data(picture.substr(offset, kPiece));
    Write(request);
  }
  request.Clear();
  v1::TaskResult& result = *request.mutable_task_result();
  *result.mutable_attempt() = assignment.attempt();
  result.set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
  result.set_content_type("image/png");
  result.set_size_bytes(picture.size());
  result.set_sha256(HashToken(picture));
  result.set_width(assignment.spec().width());
  result.set_height(assignment.spec().height());
  Write(request);
}

}  // namespace hanga
