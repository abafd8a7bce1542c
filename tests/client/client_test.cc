// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "client/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/client/connect.h"
#include "tests/fakes/scripted_generation_service.h"

namespace hanga::client {
namespace {

using testing::HasSubstr;

TEST(ClientTest, SendsTheTokenWithEveryCall) {
  fakes::ScriptedGenerationService service;
  std::string seen;
  service.submit = [&](grpc::ServerContext& context, const auto&, v1::Job& job) {
    const auto at = context.client_metadata().find("authorization");
    if (at != context.client_metadata().end()) seen.assign(at->second.data(), at->second.size());
    job = MakeJob(v1::JOB_STATE_QUEUED, 1);
    return grpc::Status::OK;
  };
  ClientOptions options;
  options.token = "secret";
  const auto job = Connect(service.address(), options)->Submit({});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->name(), "jobs/a");
  EXPECT_EQ(seen, "Bearer secret");
}

TEST(ClientTest, RefusesToSendATokenToAnotherHostInClearText) {
  ClientOptions options;
  options.address = "example.org:9876";
  options.token = "secret";
  EXPECT_EQ(Client::Make(options).status().code(), absl::StatusCode::kFailedPrecondition);
  options.insecure = true;
  EXPECT_TRUE(Client::Make(options).ok());
  options.insecure = false;
  options.tls = true;
  EXPECT_TRUE(Client::Make(options).ok());
}

TEST(ClientTest, RefusesHalfOfAKeyPair) {
  ClientOptions options;
  options.key_pem = "key";
  EXPECT_EQ(Client::Make(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ClientTest, SaysWhereNoServerAnswers) {
  std::string address;
  { address = fakes::ScriptedGenerationService().address(); }
  const auto client = Connect(address);
  EXPECT_EQ(client->Get("jobs/a").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(client->Get("jobs/a").status().message(),
              HasSubstr("no hangad answers at " + address));
  // A stream that never began is not tried again.
  EXPECT_EQ(client->Watch({}, {}).status().code(), absl::StatusCode::kUnavailable);
}

TEST(ClientTest, ListsFieldViolationsOfTheServer) {
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field("spec.steps");
  violation->set_description("0 is not in 1..1000");
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_FIELD");
  google::rpc::Status details;
  details.add_details()->PackFrom(bad_request);
  details.add_details()->PackFrom(info);
  const absl::Status status = FromGrpc(
      grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "refused", details.SerializeAsString()));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "refused; spec.steps: 0 is not in 1..1000");
  EXPECT_EQ(ErrorReason(status), "INVALID_FIELD");
  const auto violations = FieldViolations(status);
  ASSERT_EQ(violations.field_violations_size(), 1);
  EXPECT_EQ(violations.field_violations(0).field(), "spec.steps");
}

TEST(ClientTest, TellsWhenToTryAgain) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(2);
  google::rpc::Status details;
  details.add_details()->PackFrom(retry);
  const absl::Status status = FromGrpc(grpc::Status(
      grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full", details.SerializeAsString()));
  EXPECT_EQ(status.message(), "the queue is full; try again in 2s");
}

TEST(ClientTest, SurvivesDetailsThatAreGarbage) {
  const absl::Status status =
      FromGrpc(grpc::Status(grpc::StatusCode::INTERNAL, "broken", "\xff\xff garbage"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "broken");
}

TEST(ClientTest, RequestIdsAreRandomUuids) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    const std::string id = NewRequestId();
    EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}"
                                          "-[0-9a-f]{12}"));
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 100u);
}

}  // namespace
}  // namespace hanga::client
