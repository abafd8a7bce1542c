// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/link_worker.h"

#include <chrono>

namespace hanga {

LinkWorker::LinkWorker(std::shared_ptr<grpc::Channel> channel, const std::string& token)
    : stub_(v1::WorkerLinkService::NewStub(std::move(channel))) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
  context_.set_wait_for_ready(true);
  if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
  stream_ = stub_->Attach(&context_);
}

LinkWorker::~LinkWorker() {
  if (finished_) return;
  context_.TryCancel();
  stream_->Finish();
}

bool LinkWorker::Hello(const std::string& id, uint64_t incarnation, uint32_t max_tasks) {
  v1::AttachRequest message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_link_version(v1::LINK_VERSION_1);
  hello.set_worker_id(id);
  hello.set_incarnation(incarnation);
  hello.set_max_tasks(max_tasks);
  return Say(message);
}

bool LinkWorker::Heartbeat() {
  v1::AttachRequest message;
  message.mutable_heartbeat()->set_healthy(true);
  return Say(message);
}

bool LinkWorker::Report(const std::string& name) {
  v1::AttachRequest message;
  v1::Model& model = *message.mutable_model_report()->mutable_model();
  message.mutable_model_report()->set_revision(revisions_[name]);
  model.set_name(name);
  model.set_state(v1::MODEL_STATE_USABLE);
  v1::ModelLimits& limits = *model.mutable_limits();
  limits.set_min_width(8);
  limits.set_max_width(4096);
  limits.set_min_height(8);
  limits.set_max_height(4096);
  limits.set_max_pixels(4096 * 4096);
  limits.set_size_multiple(8);
  limits.set_max_steps(1000);
  limits.set_max_images(1000);
  model.mutable_defaults()->set_steps(20);
  model.mutable_defaults()->set_width(64);
  model.mutable_defaults()->set_height(64);
  return Say(message);
}

bool LinkWorker::Result(const v1::AttemptRef& attempt, const std::string& bytes,
                        const std::string& sha256) {
  v1::AttachRequest chunk, end;
  *chunk.mutable_chunk()->mutable_attempt() = attempt;
  chunk.mutable_chunk()->set_data(bytes);
  v1::TaskResult& result = *end.mutable_task_result();
  *result.mutable_attempt() = attempt;
  result.set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
  result.set_content_type("image/png");
  result.set_size_bytes(bytes.size());
  result.set_sha256(sha256);
  return Say(chunk) && Say(end);
}

std::optional<v1::AttachResponse> LinkWorker::Await(v1::AttachResponse::MessageCase kind) {
  v1::AttachResponse response;
  while (stream_->Read(&response)) {
    for (const v1::ModelDeployment& model : response.welcome().models()) {
      revisions_[model.name()] = model.revision();
    }
    if (response.message_case() == kind) return response;
  }
  return std::nullopt;
}

grpc::Status LinkWorker::Finish() {
  stream_->WritesDone();
  v1::AttachResponse response;
  while (stream_->Read(&response)) {
  }
  finished_ = true;
  return stream_->Finish();
}

}  // namespace hanga
