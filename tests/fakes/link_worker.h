// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A worker that speaks to a real scheduler's port, and says what the test makes it say.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "hanga/v1/worker_link_service.grpc.pb.h"

namespace hanga {

// One stream. Not thread-safe. Reads wait for two minutes at most.
class LinkWorker {
 public:
  // Opens the stream; an empty token sends none.
  LinkWorker(std::shared_ptr<grpc::Channel> channel, const std::string& token);
  ~LinkWorker();

  bool Say(const v1::AttachRequest& message) { return stream_->Write(message); }
  bool Hello(const std::string& id, uint64_t incarnation, uint32_t max_tasks = 1);
  bool Heartbeat();
  // Says that it can draw with the model.
  bool Report(const std::string& model);
  // One piece, then its end; whatever size and hash it announces.
  bool Result(const v1::AttemptRef& attempt, const std::string& bytes, const std::string& sha256);

  // The next message of this kind, others passed over; nothing once the stream has ended.
  std::optional<v1::AttachResponse> Await(v1::AttachResponse::MessageCase kind);
  grpc::Status Finish();  // closes its side, and waits for the other

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<v1::WorkerLinkService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AttachRequest, v1::AttachResponse>> stream_;
  std::map<std::string, std::string> revisions_;  // of the models that it was welcomed with
  bool finished_ = false;
};

}  // namespace hanga
