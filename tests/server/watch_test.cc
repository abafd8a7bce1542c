// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Jobs that are followed over real connections.
#include <gmock/gmock.h>

#include <string>

#include "tests/server/served_test.h"

namespace hanga {
namespace {

using WatchTest = ServedTest;

TEST_F(WatchTest, SendsTheJobAsItIsAndThenItsEnd) {
  Start();
  DrawingWorker worker(Channel(), "box", "", /*held=*/true);
  const auto job = Submit(Request("a boat"));
  ASSERT_TRUE(job.ok()) << job.status();
  worker.WaitUntilWorking();
  grpc::ClientContext context;
  v1::WatchJobRequest request;
  request.set_name(job->name());
  auto stream = jobs_->WatchJob(&context, request);
  v1::WatchJobResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.job().name(), job->name());
  worker.Release();
  uint64_t sequence = response.job().sequence();
  while (stream->Read(&response)) {
    EXPECT_GT(response.job().sequence(), sequence);
    sequence = response.job().sequence();
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.job().state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(WatchTest, GoesOnAfterASequenceAndEndsAtOnceWhereNothingCanCome) {
  Start();
  DrawingWorker worker(Channel(), "box", "", /*held=*/true);
  const auto job = Submit(Request("a boat"));
  ASSERT_TRUE(job.ok()) << job.status();
  worker.WaitUntilWorking();
  const auto watch = [&](uint64_t after, v1::WatchJobResponse* last) {
    grpc::ClientContext context;
    v1::WatchJobRequest request;
    request.set_name(job->name());
    request.set_after_sequence(after);
    auto stream = jobs_->WatchJob(&context, request);
    worker.Release();
    int messages = 0;
    while (stream->Read(last)) {
      ++messages;
      EXPECT_TRUE(last->job().sequence() > after || messages == 1);
    }
    EXPECT_TRUE(stream->Finish().ok());
    return messages;
  };
  v1::WatchJobResponse last;
  EXPECT_GE(watch(Get(job->name())->sequence(), &last), 1);
  EXPECT_EQ(last.job().state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(watch(last.job().sequence(), &last), 1);
  EXPECT_EQ(last.job().state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(WatchTest, AWatchWithoutNewsIsKeptAlive) {
  config_.server.keep_alive = absl::Milliseconds(100);
  Start();
  DrawingWorker worker(Channel(), "box", "", /*held=*/true);
  const auto job = Submit(Request("a boat"));
  ASSERT_TRUE(job.ok()) << job.status();
  worker.WaitUntilWorking();
  grpc::ClientContext context;
  v1::WatchJobRequest request;
  request.set_name(job->name());
  auto stream = jobs_->WatchJob(&context, request);
  v1::WatchJobResponse response;
  // The same state again and again: nothing else happens.
  uint64_t sequence = 0;
  for (int repeated = 0; repeated < 3;) {
    ASSERT_TRUE(stream->Read(&response));
    repeated += response.job().sequence() == sequence;
    sequence = response.job().sequence();
  }
  EXPECT_EQ(response.job().state(), v1::JOB_STATE_RUNNING);
  worker.Release();
  while (stream->Read(&response)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.job().state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(WatchTest, ASlowReaderHoldsNobodyUpAndFindsTheNewest) {
  constexpr uint32_t kPreviews = 12;
  const std::string preview(200'000, '.');
  Start();
  DrawingWorker worker(Channel(), "box", "", /*held=*/true);
  const auto job = Submit(Request("a boat"));
  ASSERT_TRUE(job.ok()) << job.status();
  worker.WaitUntilWorking();
  v1::WatchJobRequest request;
  request.set_name(job->name());
  request.set_max_rate(20);
  request.set_previews(true);
  // Its connection takes little ahead of what is read.
  grpc::ChannelArguments narrow;
  narrow.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  narrow.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 << 10);
  auto slow_jobs = v1::GenerationService::NewStub(
      grpc::CreateCustomChannel(Address(), grpc::InsecureChannelCredentials(), narrow));
  grpc::ClientContext slow_context, quick_context;
  auto slow = slow_jobs->WatchJob(&slow_context, request);
  auto quick = jobs_->WatchJob(&quick_context, request);
  v1::WatchJobResponse response;
  ASSERT_TRUE(slow->Read(&response));

  for (uint32_t step = 1; step <= kPreviews; ++step) {
    worker.ShowPreview(step, preview);
    const auto shows = [&] {
      return response.previews_size() > 0 && response.previews(0).step() >= step;
    };
    do {
      ASSERT_TRUE(quick->Read(&response));
    } while (!shows());
  }
  worker.Release();
  while (quick->Read(&response)) {
  }
  EXPECT_EQ(response.job().state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_TRUE(quick->Finish().ok());

  // Only now it reads on: what went out before it was held back, then the end, nothing between.
  uint32_t late = 0;
  while (slow->Read(&response)) late += response.previews_size() > 0;
  EXPECT_LT(late, kPreviews / 2);
  EXPECT_EQ(response.job().state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_TRUE(slow->Finish().ok());
}

}  // namespace
}  // namespace hanga
