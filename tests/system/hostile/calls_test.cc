// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Well-formed HTTP/2 with wrong calls in it: messages too large or not messages at all, tokens.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>

#include "client/status.h"
#include "tests/fakes/link_worker.h"
#include "tests/system/hostile/hostile_port.h"

namespace hanga::system {
namespace {

using testing::HasSubstr;

std::shared_ptr<grpc::Channel> Channel(const Daemon& daemon) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(daemon.address(), grpc::InsecureChannelCredentials(), arguments);
}

// Calls a method with these bytes instead of a message.
grpc::Status CallWithBytes(const Daemon& daemon, const std::string& method,
                           const std::string& bytes) {
  grpc::GenericStub stub(Channel(daemon));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
  context.set_wait_for_ready(true);
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status;
}

class CallsTest : public testing::Test {
 protected:
  CallsTest()
      : daemon_({.models = {{"noop", NoopModel(folder_, "noop", 0)}}, .more = NoopWorkers()}) {}

  TemporaryFolder folder_;
  Daemon daemon_;
};

TEST_F(CallsTest, SixtyFourMebibytesAreRefusedWithoutBeingKept) {
  Draw(daemon_.client(), PictureRequest("noop"));
  const Use before = UseOf(daemon_.process().pid());
  for (int i = 0; i < 5; ++i) {
    const grpc::Status status =
        CallWithBytes(daemon_, "/hanga.v1.GenerationService/SubmitJob", std::string(64 << 20, 'x'));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  }
  EXPECT_LT(UseOf(daemon_.process().pid()).resident_bytes, before.resident_bytes + (64 << 20));
  Draw(daemon_.client(), PictureRequest("noop"));
}

TEST_F(CallsTest, BytesThatAreNoMessageAreRefused) {
  for (const std::string method :
       {"GenerationService/SubmitJob", "GenerationService/WatchJob", "GenerationService/Generate",
        "GenerationService/UploadBlob", "ModelService/ListModels", "ClusterService/DrainWorker",
        "WorkerLinkService/Attach"}) {
    const grpc::Status status =
        CallWithBytes(daemon_, "/hanga.v1." + method, std::string(1000, '\xff'));
    EXPECT_FALSE(status.ok()) << method;
    EXPECT_NE(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << method;
  }
  EXPECT_EQ(CallWithBytes(daemon_, "/hanga.v1.GenerationService/DropAllTables", "").error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  Draw(daemon_.client(), PictureRequest("noop"));
}

// Tokens: "hangad hash-token" makes the lines.
class TokensTest : public testing::Test {
 protected:
  static constexpr char kAdmin[] = "an-admin-token-of-many-characters";

  TokensTest() {
    for (const auto& [token, rest] : {std::pair{kAdmin, "admin ops"},
                                      {"a-reader-token-of-many-characters", "read studio"},
                                      {"a-submit-token-of-many-characters", "submit studio"},
                                      {"a-worker-token-of-many-characters", "worker farm box-1"}}) {
      lines_ += Hash(token) + " " + rest + "\n";
    }
    folder_.Write("tokens", lines_);
    DaemonSettings settings{.models = {{"noop", NoopModel(folder_, "noop", 0)}},
                            .more = NoopWorkers(),
                            .server = "token_file = \"" + folder_ / "tokens" + "\"\n"};
    settings.client.token = kAdmin;
    daemon_ = std::make_unique<Daemon>(std::move(settings));
  }

  std::string Hash(const std::string& token) {
    const Finished made =
        RunToEnd({"/bin/sh", "-c", "printf %s " + token + " | sha256sum"}, folder_ / "hash");
    return made.out.substr(0, 64);
  }

  std::unique_ptr<client::Client> ClientWith(const std::string& token) {
    client::ClientOptions options;
    options.address = daemon_->address();
    options.token = token;
    return *client::Client::Make(options);
  }

  TemporaryFolder folder_;
  std::string lines_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(TokensTest, WrongOnesAndRolesThatDoNotReachAreRefused) {
  const v1::SubmitJobRequest request = PictureRequest("noop");
  for (const std::string token : {"", "a-wrong-token-of-many-characters"}) {
    EXPECT_EQ(ClientWith(token)->Submit(request).status().code(),
              absl::StatusCode::kUnauthenticated)
        << token;
  }
  const auto reader = ClientWith("a-reader-token-of-many-characters");
  EXPECT_EQ(reader->Submit(request).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(reader->List({}).ok());
  const auto submitter = ClientWith("a-submit-token-of-many-characters");
  EXPECT_EQ(submitter->Drain("workers/cpu-0", absl::Seconds(1)).status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto theirs = daemon_->client().Submit(request);
  ASSERT_TRUE(theirs.ok()) << theirs.status();
  EXPECT_EQ(submitter->Get(theirs->name()).status().code(), absl::StatusCode::kNotFound)
      << "another tenant's job";
  Draw(*submitter, request);
}

TEST_F(TokensTest, OnlyAWorkersTokenAttaches) {
  const auto channel = Channel(*daemon_);
  for (const std::string token : {"", "a-wrong-token-of-many-characters"}) {
    LinkWorker stranger(channel, token);
    EXPECT_EQ(stranger.Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
  LinkWorker submitter(channel, "a-submit-token-of-many-characters");
  EXPECT_EQ(submitter.Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);

  for (const std::string id : {"box-2", "cpu-0"}) {
    LinkWorker other(channel, "a-worker-token-of-many-characters");
    other.Hello(id, 1);
    const auto goodbye = other.Await(v1::AttachResponse::kGoodbye);
    ASSERT_TRUE(goodbye.has_value());
    EXPECT_EQ(goodbye->goodbye().reason(), "BAD_TOKEN");
    EXPECT_FALSE(goodbye->goodbye().retry());
  }
  LinkWorker admitted(channel, "a-worker-token-of-many-characters");
  admitted.Hello("box-1", 1);
  EXPECT_TRUE(admitted.Await(v1::AttachResponse::kWelcome).has_value());
  EXPECT_EQ(daemon_->Worker("cpu-0").state(), v1::WORKER_STATE_READY);
}

TEST_F(TokensTest, NoTokenIsLogged) {
  ClientWith("a-wrong-token-of-many-characters")->List({}).status().IgnoreError();
  Draw(daemon_->client(), PictureRequest("noop"));
  EXPECT_THAT(daemon_->log(), testing::Not(HasSubstr("-token-of-many-characters")));
}

}  // namespace
}  // namespace hanga::system
