// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

template <typename Message>
Message Detail(const grpc::Status& status) {
  Message message;
  int found = 0;
  const google::rpc::Status details = DetailsOf(status);
  for (const auto& any : details.details()) found += any.UnpackTo(&message) ? 1 : 0;
  EXPECT_EQ(found, 1) << message.GetTypeName();
  return message;
}

TEST(ErrorsTest, KeepsCodeAndSentence) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  const auto status = ToGrpc(absl::NotFoundError("jobs/7 is not known"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "jobs/7 is not known");
  EXPECT_EQ(DetailsOf(status).code(), 5);
  for (int code = 1; code <= 16; ++code) {
    const absl::Status any(static_cast<absl::StatusCode>(code), "x");
    EXPECT_EQ(ToGrpc(any).error_code(), code);
  }
}

TEST(ErrorsTest, AlwaysCarriesAReason) {
  const auto plain = Detail<google::rpc::ErrorInfo>(ToGrpc(absl::AbortedError("late")));
  EXPECT_EQ(plain.domain(), "hanga");
  EXPECT_EQ(plain.reason(), "ABORTED");
  const auto own = Detail<google::rpc::ErrorInfo>(
      ToGrpc(StatusWithReason(absl::StatusCode::kAborted, "STALE_ATTEMPT", "late")));
  EXPECT_EQ(own.reason(), "STALE_ATTEMPT");
}

TEST(ErrorsTest, CarriesFieldViolationsAndRetryDelays) {
  const auto bad = ToGrpc(BadRequestStatus({{"spec.width", "is 7; must be a multiple of 16"}}));
  const auto request = Detail<google::rpc::BadRequest>(bad);
  ASSERT_EQ(request.field_violations_size(), 1);
  EXPECT_EQ(request.field_violations(0).field(), "spec.width");
  const auto full = ToGrpc(RetryLaterStatus("QUEUE_FULL", "full", absl::Milliseconds(1500)));
  EXPECT_EQ(full.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Detail<google::rpc::RetryInfo>(full).retry_delay().nanos(), 500'000'000);
}

TEST(ErrorsTest, KeepsOurOwnFailuresToTheLog) {
  const auto status = ToGrpc(absl::InternalError("/var/lib/hanga/jobs.db: row 17 is odd"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message().find("/var"), std::string::npos);
  EXPECT_EQ(status.error_details().find("/var"), std::string::npos);
}

TEST(ErrorsTest, ComesBackWithItsDetails) {
  const auto status = FromGrpc(ToGrpc(RetryLaterStatus("QUEUE_FULL", "full", absl::Seconds(2))));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "QUEUE_FULL");
  EXPECT_TRUE(status.GetPayload(kRetryInfoUrl).has_value());
}

}  // namespace
}  // namespace hanga
