// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A whole daemon without local workers, on a free port, and clients of it.
#pragma once

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "hanga/v1/cluster_service.grpc.pb.h"
#include "hanga/v1/generation_service.grpc.pb.h"
#include "hanga/v1/model_service.grpc.pb.h"
#include "server/daemon.h"
#include "server/errors.h"
#include "tests/server/drawing_worker.h"

namespace hanga {

class ServedTest : public testing::Test {
 protected:
  ServedTest() {
    std::string pattern = "/tmp/hanga-served.XXXXXX";  // short: a Unix socket is made in it
    folder_ = mkdtemp(pattern.data());
    config_.server.listen = "127.0.0.1:0";
    config_.server.data = folder_ + "/data";
    config_.server.grace = absl::Seconds(5);
    config_.workers.devices = {};
    config_.models.push_back({.name = "demo", .path = "/models/demo"});
  }
  ~ServedTest() override {
    daemon_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Start() {
    auto daemon = Daemon::Start(config_);
    ASSERT_TRUE(daemon.ok()) << daemon.status();
    daemon_ = *std::move(daemon);
    jobs_ = v1::GenerationService::NewStub(Channel());
  }

  std::string Address() const { return absl::StrCat("127.0.0.1:", daemon_->port()); }

  // A connection of its own.
  std::shared_ptr<grpc::Channel> Channel(
      std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials()) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    return grpc::CreateCustomChannel(Address(), credentials, arguments);
  }

  static v1::SubmitJobRequest Request(const std::string& prompt) {
    v1::SubmitJobRequest request;
    request.mutable_spec()->set_model("models/demo");
    request.mutable_spec()->set_prompt(prompt);
    request.mutable_spec()->set_seed(7);
    return request;
  }

  absl::StatusOr<v1::Job> Submit(const v1::SubmitJobRequest& request,
                                 const std::string& token = "") {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    v1::SubmitJobResponse response;
    const grpc::Status status = jobs_->SubmitJob(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response.job();
  }

  absl::StatusOr<v1::Job> Get(const std::string& name, const std::string& token = "") {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    v1::GetJobRequest request;
    request.set_name(name);
    v1::GetJobResponse response;
    const grpc::Status status = jobs_->GetJob(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response.job();
  }

  // Follows a job to its end.
  v1::Job WaitForEnd(const std::string& name) {
    grpc::ClientContext context;
    v1::WatchJobRequest request;
    request.set_name(name);
    auto stream = jobs_->WatchJob(&context, request);
    v1::WatchJobResponse response;
    while (stream->Read(&response)) {
    }
    EXPECT_TRUE(stream->Finish().ok());
    return response.job();
  }

  // Waits for what has no event of its own. False if it has not come true within 20 s.
  static bool Eventually(const std::function<bool()>& condition) {
    for (const absl::Time end = absl::Now() + absl::Seconds(20); absl::Now() < end;) {
      if (condition()) return true;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return false;
  }

  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
  Config config_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<v1::GenerationService::Stub> jobs_;
};

}  // namespace hanga
