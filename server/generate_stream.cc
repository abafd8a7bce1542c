// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/generate_stream.h"

#include <utility>

namespace hanga {

grpc::ServerWriteReactor<v1::GenerateResponse>* GenerateStream::Begin(
    const ServiceContext& context, Caller caller, const v1::GenerateRequest& request) {
  if (request.has_max_rate()) {
    if (auto status = CheckRate(request.max_rate()); !status.ok()) {
      return FinishStream<v1::GenerateResponse>(status);
    }
  }
  auto stream = std::make_shared<GenerateStream>(context, std::move(caller), request);
  auto* reactor = stream->Open(context);
  // Held by the callback too: the client may be gone before the job is stored.
  SubmitOn(context, stream->caller_, request.submit(),
           [stream](absl::StatusOr<v1::Job> job) { stream->OnSubmitted(std::move(job)); });
  return reactor;
}

GenerateStream::GenerateStream(const ServiceContext& context, Caller caller,
                               const v1::GenerateRequest& request)
    : context_(context),
      caller_(std::move(caller)),
      previews_(request.previews()),
      cancel_on_disconnect_(request.cancel_on_disconnect()),
      max_rate_(request.has_max_rate() ? std::optional(request.max_rate()) : std::nullopt) {}

void GenerateStream::OnSubmitted(absl::StatusOr<v1::Job> job) {
  const auto name = job.ok() ? absl::StatusOr<std::string>(job->name()) : job.status();
  bool gone;
  {
    absl::MutexLock lock(&mutex_);
    submitted_ = name;
    gone = gone_;
  }
  if (gone && name.ok()) CancelJob(*name);
  Ring();
}

void GenerateStream::OnGone() {
  std::string name;
  {
    absl::MutexLock lock(&mutex_);
    gone_ = true;
    if (submitted_ && submitted_->ok()) name = **submitted_;
  }
  if (!name.empty()) CancelJob(name);
}

void GenerateStream::CancelJob(const std::string& name) {
  // That it has ended already is as good.
  if (cancel_on_disconnect_) context_.scheduler->Cancel(caller_, name, [](const auto&) {});
}

absl::Status GenerateStream::Follow(const std::string& job) {
  v1::WatchJobRequest request;
  request.set_name(job);
  request.set_previews(previews_);
  if (max_rate_) request.set_max_rate(*max_rate_);
  follower_.emplace(context_, doorbell());
  return follower_->Start(caller_, request);
}

GenerateStream::Next GenerateStream::Produce(v1::GenerateResponse* response, absl::Status* end) {
  if (!follower_) {
    std::string job;
    {
      absl::MutexLock lock(&mutex_);
      if (!submitted_) return Next::kNothing;
      if (*end = submitted_->status(); !end->ok()) return Next::kEnd;
      job = **submitted_;
    }
    if (*end = Follow(job); !end->ok()) return Next::kEnd;
  }
  while (true) {
    if (!first_ && (reader_.is_open() || !artifacts_.empty())) {
      *end = ReadArtifact(response);
      return end->ok() ? Next::kMessage : Next::kEnd;
    }
    if (!messages_.empty()) {
      *response = std::move(messages_.front());
      messages_.pop_front();
      first_ = false;
      return Next::kMessage;
    }
    if (final_) return Next::kEnd;
    auto state = follower_->Next();
    if (!state) return Next::kNothing;
    Queue(*std::move(state));
  }
}

void GenerateStream::Queue(v1::WatchJobResponse state) {
  for (v1::Preview& preview : *state.mutable_previews()) {
    *messages_.emplace_back().mutable_preview() = std::move(preview);
  }
  for (const v1::Artifact& artifact : state.job().artifacts()) {
    if (announced_.insert(artifact.index()).second) artifacts_.push_back(artifact.name());
  }
  final_ = IsFinal(state.job().state());
  // The first message is a state and so is the last, even if a job is over at once.
  if (first_) *messages_.emplace_front().mutable_job() = state.job();
  if (!first_ || (final_ && !artifacts_.empty())) {
    *messages_.emplace_back().mutable_job() = std::move(*state.mutable_job());
  }
}

absl::Status GenerateStream::ReadArtifact(v1::GenerateResponse* response) {
  if (!reader_.is_open()) {
    auto status = reader_.Open(context_.scheduler, caller_, artifacts_.front(), 0);
    artifacts_.pop_front();
    if (!status.ok()) return status;
  }
  auto status = reader_.Read(response->mutable_artifact());
  if (reader_.at_end()) reader_.Close();
  return status;
}

}  // namespace hanga
