// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/grpc_stream.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "hanga/v1/worker_link_service.grpc.pb.h"

namespace hanga {
namespace {

// A checkpoint comes in one message with its assignment.
constexpr int kMaxMessageBytes = 80 << 20;

class GrpcStream final : public Stream,
                         public grpc::ClientBidiReactor<v1::AttachRequest, v1::AttachResponse> {
 public:
  GrpcStream(std::shared_ptr<grpc::Channel> channel, const std::string& token, StreamEvents* events)
      : stub_(v1::WorkerLinkService::NewStub(std::move(channel))), events_(*events) {
    if (!token.empty()) context_.AddMetadata("authorization", absl::StrCat("Bearer ", token));
    stub_->async()->Attach(&context_, this);
    AddHold();  // for writes from outside, until the reading side has ended
    StartRead(&response_);
    StartCall();
  }

  void Write(v1::AttachRequest message) override {
    const absl::MutexLock lock(&mutex_);
    if (closed_) return;  // OnDone follows
    request_ = std::move(message);
    StartWrite(&request_);
  }

  void CloseWrites() override {
    const absl::MutexLock lock(&mutex_);
    if (!closed_) StartWritesDone();
  }

  void Cancel() override { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (ok) {
      events_.OnRead(std::move(response_));
      response_.Clear();
      StartRead(&response_);
      return;
    }
    const absl::MutexLock lock(&mutex_);
    closed_ = true;
    RemoveHold();
  }

  void OnWriteDone(bool ok) override {
    if (ok) events_.OnWritten();
  }

  void OnDone(const grpc::Status& status) override {
    events_.OnDone(
        absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message()));
  }

 private:
  std::unique_ptr<v1::WorkerLinkService::Stub> stub_;
  grpc::ClientContext context_;
  StreamEvents& events_;
  v1::AttachResponse response_;
  absl::Mutex mutex_;
  v1::AttachRequest request_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Stream>> GrpcStreamFactory::Open(StreamEvents* events) {
  const auto credentials = MakeChannelCredentials(address_);
  if (!credentials.ok()) return credentials.status();
  const auto token = ReadToken(address_);
  if (!token.ok()) return token.status();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return std::make_unique<GrpcStream>(
      grpc::CreateCustomChannel(address_.target, *credentials, arguments), *token, events);
}

}  // namespace hanga
