// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A GenerationService whose answers a test writes, on a free port of its own.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "hanga/v1/generation_service.grpc.pb.h"

namespace hanga::fakes {

// Each handler may be set before the first call and is called on a thread of the server.
class ScriptedGenerationService final : public v1::GenerationService::Service {
 public:
  template <typename Response>
  using Stream = grpc::ServerWriter<Response>;

  ScriptedGenerationService() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~ScriptedGenerationService() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }

  std::function<grpc::Status(grpc::ServerContext&, const v1::SubmitJobRequest&, v1::Job&)> submit;
  std::function<grpc::Status(const v1::CancelJobRequest&, v1::Job&)> cancel;
  std::function<grpc::Status(const v1::WatchJobRequest&, Stream<v1::WatchJobResponse>&)> watch;
  std::function<grpc::Status(const v1::DownloadArtifactRequest&,
                             Stream<v1::DownloadArtifactResponse>&)>
      download;
  std::function<grpc::Status(const v1::GenerateRequest&, Stream<v1::GenerateResponse>&)> generate;

 private:
  grpc::Status SubmitJob(grpc::ServerContext* context, const v1::SubmitJobRequest* request,
                         v1::SubmitJobResponse* response) override {
    return submit(*context, *request, *response->mutable_job());
  }
  grpc::Status CancelJob(grpc::ServerContext*, const v1::CancelJobRequest* request,
                         v1::CancelJobResponse* response) override {
    return cancel(*request, *response->mutable_job());
  }
  grpc::Status WatchJob(grpc::ServerContext*, const v1::WatchJobRequest* request,
                        Stream<v1::WatchJobResponse>* stream) override {
    return watch(*request, *stream);
  }
  grpc::Status DownloadArtifact(grpc::ServerContext*, const v1::DownloadArtifactRequest* request,
                                Stream<v1::DownloadArtifactResponse>* stream) override {
    return download(*request, *stream);
  }
  grpc::Status Generate(grpc::ServerContext*, const v1::GenerateRequest* request,
                        Stream<v1::GenerateResponse>* stream) override {
    return generate(*request, *stream);
  }

  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace hanga::fakes
