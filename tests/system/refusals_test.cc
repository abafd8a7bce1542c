// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What hangad refuses, and how it says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "client/status.h"
#include "tests/system/daemon.h"

namespace hanga::system {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class RefusalsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    daemon_ = std::make_unique<Daemon>(
        DaemonSettings{.models = {{"noop", NoopModel(*folder_, "noop", 0)}}});
  }
  static void TearDownTestSuite() {
    daemon_.reset();
    folder_.reset();
  }

  // What SubmitJob says to a good request that `change` spoilt.
  static absl::Status Refusal(const std::function<void(v1::GenerationSpec&)>& change) {
    v1::SubmitJobRequest request = PictureRequest("noop");
    change(*request.mutable_spec());
    return daemon_->client().Submit(request).status();
  }

  // INVALID_ARGUMENT that names field, value and limit, as text and as a violation.
  static void ExpectInvalid(const std::function<void(v1::GenerationSpec&)>& change,
                            const std::string& field, const std::string& value,
                            const std::string& limit) {
    const absl::Status status = Refusal(change);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field << ": " << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(field), HasSubstr(value), HasSubstr(limit)));
    const auto violations = client::FieldViolations(status);
    ASSERT_GE(violations.field_violations_size(), 1) << status;
    EXPECT_THAT(violations.field_violations(0).field(), HasSubstr(field));
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<Daemon> daemon_;
};

TEST_F(RefusalsTest, AnUnknownModelIsNotFound) {
  const absl::Status status = Refusal([](auto& spec) { spec.set_model("models/nothing"); });
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("nothing"));
  EXPECT_FALSE(client::ErrorReason(status).empty());
  EXPECT_EQ(Refusal([](auto& spec) { spec.set_model("../../etc/passwd"); }).code(),
            absl::StatusCode::kNotFound)
      << "names are no paths";
}

TEST_F(RefusalsTest, PromptsHaveAShortestAndALongestLength) {
  ExpectInvalid([](auto& spec) { spec.set_prompt(""); }, "prompt", "must be set", "32");
  ExpectInvalid([](auto& spec) { spec.set_prompt(std::string(100'000, 'a')); }, "prompt", "100",
                "32");
}

TEST_F(RefusalsTest, StepsHaveLimits) {
  ExpectInvalid([](auto& spec) { spec.set_steps(0); }, "steps", "0", "1");
  ExpectInvalid([](auto& spec) { spec.set_steps(10'001); }, "steps", "10", "1");
}

TEST_F(RefusalsTest, SizesHaveLimitsAndAMultiple) {
  for (const uint32_t side : {0u, 7u, 17u, 100'000u}) {
    const std::string digits = std::to_string(side).substr(0, 3);
    ExpectInvalid([&](auto& spec) { spec.set_width(side); }, "width", digits, "8");
    ExpectInvalid([&](auto& spec) { spec.set_height(side); }, "height", digits, "8");
  }
}

TEST_F(RefusalsTest, GuidanceIsANumberWithinItsRange) {
  const double infinity = std::numeric_limits<double>::infinity();
  ExpectInvalid([](auto& spec) { spec.set_guidance_scale(std::nan("")); }, "guidance_scale", "nan",
                "100");
  ExpectInvalid([&](auto& spec) { spec.set_guidance_scale(infinity); }, "guidance_scale", "inf",
                "100");
  ExpectInvalid([](auto& spec) { spec.set_guidance_scale(-1); }, "guidance_scale", "-1", "100");
}

TEST_F(RefusalsTest, AnUnknownSamplerIsToldWhatThereIs) {
  ExpectInvalid([](auto& spec) { spec.set_sampler("nonsense"); }, "sampler", "nonsense", "");
}

TEST_F(RefusalsTest, WhatWasRefusedLeavesNothingBehindAndGoodRequestsGoOn) {
  const Pictures drawn = Draw(daemon_->client(), PictureRequest("noop"));
  const auto jobs = daemon_->client().List({});
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_EQ(jobs->jobs_size(), 1);
  EXPECT_EQ(jobs->jobs(0).name(), drawn.job.name());
}

TEST_F(RefusalsTest, UnknownNamesAreNotFound) {
  client::Client& client = daemon_->client();
  EXPECT_EQ(client.Get("jobs/0123456789abcdef").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client.Cancel("jobs/0123456789abcdef").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client.GetModel("models/nothing").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client.Undrain("workers/nobody").status().code(), absl::StatusCode::kNotFound);
  const auto nothing = [](std::string_view) { return absl::OkStatus(); };
  EXPECT_EQ(client.Download("jobs/0123456789abcdef/artifacts/0", nothing).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace hanga::system
