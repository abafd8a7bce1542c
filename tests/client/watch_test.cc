// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "client/client.h"
#include "tests/client/connect.h"
#include "tests/fakes/scripted_generation_service.h"

namespace hanga::client {
namespace {

using testing::ElementsAre;

void Send(fakes::ScriptedGenerationService::Stream<v1::WatchJobResponse>& stream, v1::Job job) {
  v1::WatchJobResponse response;
  *response.mutable_job() = std::move(job);
  stream.Write(response);
}

TEST(WatchTest, ResumesAfterTheLastSequenceSeen) {
  fakes::ScriptedGenerationService service;
  std::vector<uint64_t> resumed_after;
  service.watch = [&](const v1::WatchJobRequest& request, auto& stream) {
    resumed_after.push_back(request.after_sequence());
    switch (resumed_after.size()) {
      case 1:
        Send(stream, MakeJob(v1::JOB_STATE_QUEUED, 1));
        Send(stream, MakeJob(v1::JOB_STATE_RUNNING, 4));
        return Unavailable();
      case 2:
        return grpc::Status::OK;  // as a server that stops
      default:
        Send(stream, MakeJob(v1::JOB_STATE_SUCCEEDED, 9));
        return grpc::Status::OK;
    }
  };
  std::vector<uint64_t> seen;
  const auto job = Connect(service.address())->Watch({}, {.on_job = [&](const auto& j) {
                                                       seen.push_back(j.sequence());
                                                     }});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_THAT(seen, ElementsAre(1, 4, 9));
  EXPECT_THAT(resumed_after, ElementsAre(0, 4, 4));
}

TEST(WatchTest, EndsWithTheFinalStateEvenIfTheStreamBreaksAfterIt) {
  fakes::ScriptedGenerationService service;
  service.watch = [&](const auto&, auto& stream) {
    Send(stream, MakeJob(v1::JOB_STATE_FAILED, 2));
    return Unavailable();
  };
  const auto job = Connect(service.address())->Watch({}, {});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state(), v1::JOB_STATE_FAILED);
}

TEST(WatchTest, GivesUpWhenNothingComesAnyMore) {
  fakes::ScriptedGenerationService service;
  bool sent = false;
  service.watch = [&](const auto&, auto& stream) {
    if (!std::exchange(sent, true)) Send(stream, MakeJob(v1::JOB_STATE_RUNNING, 1));
    return Unavailable();
  };
  ClientOptions options;
  options.reconnect_timeout = absl::Milliseconds(200);
  const auto job = Connect(service.address(), options)->Watch({}, {});
  EXPECT_EQ(job.status().code(), absl::StatusCode::kUnavailable);
}

TEST(WatchTest, DoesNotTryAgainWhatCannotPass) {
  fakes::ScriptedGenerationService service;
  std::atomic<int> calls = 0;
  service.watch = [&](const auto&, auto& stream) {
    if (++calls == 1) {
      Send(stream, MakeJob(v1::JOB_STATE_RUNNING, 1));
      return Unavailable();
    }
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "jobs/a: no such job");
  };
  EXPECT_EQ(Connect(service.address())->Watch({}, {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(calls, 2);
}

TEST(WatchTest, AnInterruptEndsAQuietStream) {
  fakes::ScriptedGenerationService service;
  absl::Notification released;
  service.watch = [&](const auto&, auto& stream) {
    Send(stream, MakeJob(v1::JOB_STATE_RUNNING, 1));
    released.WaitForNotification();
    return grpc::Status::OK;
  };
  Interrupt interrupt;
  std::thread trigger;
  const auto job =
      Connect(service.address())
          ->Watch(
              {},
              {.on_job = [&](const auto&) { trigger = std::thread([&] { interrupt.Trigger(); }); }},
              &interrupt);
  trigger.join();
  EXPECT_EQ(job.status().code(), absl::StatusCode::kCancelled);
  released.Notify();
}

}  // namespace
}  // namespace hanga::client
