// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The services over real connections, with the real scheduler and its store behind them.
#include <gmock/gmock.h>

#include "scheduler/status_details.h"
#include "tests/server/served_test.h"

namespace hanga {
namespace {

using ServicesTest = ServedTest;

TEST_F(ServicesTest, GenerateSendsStatesThenBytesThenTheFinalState) {
  Start();
  DrawingWorker worker(Channel(), "box");
  grpc::ClientContext context;
  v1::GenerateRequest request;
  *request.mutable_submit() = Request("a boat");
  request.mutable_submit()->mutable_spec()->set_num_images(2);
  auto stream = jobs_->Generate(&context, request);
  std::vector<v1::GenerateResponse> events;
  for (v1::GenerateResponse event; stream->Read(&event);) events.push_back(event);
  const grpc::Status status = stream->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_GE(events.size(), 6);
  EXPECT_TRUE(events.front().has_job());
  ASSERT_TRUE(events.back().has_job());
  EXPECT_EQ(events.back().job().state(), v1::JOB_STATE_SUCCEEDED);
  std::map<uint32_t, std::string> pictures;
  uint32_t index = 0;
  for (const auto& event : events) {
    if (!event.has_artifact()) continue;
    if (event.artifact().has_artifact()) index = event.artifact().artifact().index();
    EXPECT_EQ(event.artifact().offset(), pictures[index].size());
    pictures[index] += event.artifact().data();
  }
  v1::GenerationSpec spec = events.back().job().spec();
  for (const uint32_t i : {0, 1}) {
    spec.set_seed(7 + i);
    EXPECT_EQ(pictures[i], DrawingWorker::Picture(spec)) << i;
  }
}

TEST_F(ServicesTest, GenerateRefusesWhatSubmitRefuses) {
  Start();
  grpc::ClientContext context;
  v1::GenerateRequest request;
  *request.mutable_submit() = Request("");
  auto stream = jobs_->Generate(&context, request);
  v1::GenerateResponse event;
  EXPECT_FALSE(stream->Read(&event));
  const absl::Status status = FromGrpc(stream->Finish());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(status.GetPayload(kBadRequestUrl).has_value()) << status;
}

TEST_F(ServicesTest, CancelsTheJobOfAClientThatGoesOnlyIfItAskedForThat) {
  Start();
  DrawingWorker worker(Channel(), "box", "", /*held=*/true);
  const auto leave = [&](bool cancel_on_disconnect) {
    grpc::ClientContext context;
    v1::GenerateRequest request;
    *request.mutable_submit() = Request("a boat");
    request.set_cancel_on_disconnect(cancel_on_disconnect);
    auto stream = jobs_->Generate(&context, request);
    v1::GenerateResponse event;
    EXPECT_TRUE(stream->Read(&event));
    context.TryCancel();
    while (stream->Read(&event)) {
    }
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
    return event.job().name();
  };
  const std::string stays = leave(false);
  const std::string goes = leave(true);
  EXPECT_EQ(WaitForEnd(goes).state(), v1::JOB_STATE_CANCELLED);
  worker.Release();
  EXPECT_EQ(WaitForEnd(stays).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(ServicesTest, RefusesRatesOutOfRange) {
  Start();
  for (const double rate : {0.0, -1.0, 21.0, std::numeric_limits<double>::quiet_NaN()}) {
    grpc::ClientContext context;
    v1::WatchJobRequest request;
    request.set_name("jobs/none");
    request.set_max_rate(rate);
    auto stream = jobs_->WatchJob(&context, request);
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT) << rate;
  }
}

TEST_F(ServicesTest, DownloadsFromAnOffset) {
  Start();
  DrawingWorker worker(Channel(), "box");
  const auto job = Submit(Request("a boat"));
  ASSERT_TRUE(job.ok()) << job.status();
  const v1::Job done = WaitForEnd(job->name());
  ASSERT_EQ(done.artifacts_size(), 1);
  const std::string picture = DrawingWorker::Picture(done.spec());
  const auto download = [&](uint64_t offset) -> absl::StatusOr<std::string> {
    grpc::ClientContext context;
    v1::DownloadArtifactRequest request;
    request.set_name(done.artifacts(0).name());
    request.set_offset(offset);
    auto stream = jobs_->DownloadArtifact(&context, request);
    std::string bytes;
    for (v1::DownloadArtifactResponse piece; stream->Read(&piece);) bytes += piece.data();
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return FromGrpc(status);
    return bytes;
  };
  EXPECT_EQ(*download(0), picture);
  EXPECT_EQ(*download(1'200'000), picture.substr(1'200'000));
  EXPECT_EQ(*download(picture.size()), "");
  EXPECT_EQ(download(picture.size() + 1).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(ServicesTest, StoresAnInputUnderItsHash) {
  Start();
  const std::string bytes(100'000, 'x');
  const auto upload = [&](const std::string& sha256, uint64_t size) {
    grpc::ClientContext context;
    v1::UploadBlobResponse response;
    auto stream = jobs_->UploadBlob(&context, &response);
    v1::UploadBlobRequest request;
    request.set_sha256(sha256);
    request.set_size_bytes(size);
    request.set_data(bytes.substr(0, 60'000));
    stream->Write(request);
    request.Clear();
    request.set_data(bytes.substr(60'000));
    stream->Write(request);
    stream->WritesDone();
    return stream->Finish().error_code();
  };
  EXPECT_EQ(upload(HashToken(bytes), bytes.size()), grpc::StatusCode::OK);
  EXPECT_EQ(upload(HashToken(bytes), bytes.size()), grpc::StatusCode::OK) << "again, for free";
  EXPECT_EQ(upload(HashToken("other"), bytes.size()), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(upload("../../etc/passwd", bytes.size()), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServicesTest, ATenantSeesItsOwnJobsAlone) {
  config_.server.token_file =
      Write("tokens", absl::StrCat(HashToken("one"), " submit one\n", HashToken("two"),
                                   " submit two\n", HashToken("root"), " admin ops\n"));
  Start();
  const auto job = Submit(Request("a boat"), "one");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->tenant(), "one");
  EXPECT_TRUE(Get(job->name(), "one").ok());
  EXPECT_EQ(Get(job->name(), "two").status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Get(job->name(), "root").ok());
  EXPECT_EQ(Get(job->name()).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Get("jobs/none", "wrong").status().code(), absl::StatusCode::kUnauthenticated);
  DrawingWorker intruder(Channel(), "box", "one");
  EXPECT_EQ(intruder.Ended().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ServicesTest, AWorkersTokenAllowsItsOwnNameAlone) {
  config_.server.token_file = Write("tokens", HashToken("box") + " worker farm box-1\n");
  Start();
  DrawingWorker other(Channel(), "box-2", "box");
  other.Ended();
  EXPECT_EQ(other.goodbye(), "BAD_TOKEN");
}

TEST_F(ServicesTest, RefusesUnknownModelsByName) {
  Start();
  v1::SubmitJobRequest request = Request("a boat");
  request.mutable_spec()->set_model("models/none");
  const auto job = Submit(request);
  EXPECT_EQ(job.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(job.status().message()), testing::HasSubstr("models/none"));
  EXPECT_NE(ReasonOf(job.status()), "");
}

}  // namespace
}  // namespace hanga
