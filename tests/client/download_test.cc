// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "client/client.h"
#include "tests/client/connect.h"
#include "tests/fakes/scripted_generation_service.h"

namespace hanga::client {
namespace {

using testing::ElementsAre;
using Chunks = fakes::ScriptedGenerationService::Stream<v1::DownloadArtifactResponse>;

// Sends bytes [begin, end) in pieces of 3, the description with the first.
void SendRange(Chunks& stream, const std::string& bytes, size_t begin, size_t end) {
  v1::DownloadArtifactResponse chunk;
  *chunk.mutable_artifact() = MakeArtifact(bytes);
  for (size_t at = begin; at < end || chunk.has_artifact(); at += 3) {
    chunk.set_offset(at);
    chunk.set_data(bytes.substr(at, std::min<size_t>(3, end - at)));
    stream.Write(chunk);
    chunk.clear_artifact();
  }
}

struct Downloaded {
  absl::StatusOr<v1::Artifact> artifact;
  std::string bytes;
};

Downloaded Download(const fakes::ScriptedGenerationService& service) {
  Downloaded result;
  result.artifact =
      Connect(service.address())->Download("jobs/a/artifacts/0", [&](std::string_view piece) {
        result.bytes += piece;
        return absl::OkStatus();
      });
  return result;
}

TEST(DownloadTest, ResumesAtTheOffsetItHasReached) {
  const std::string bytes = "0123456789abcdef";
  fakes::ScriptedGenerationService service;
  std::vector<uint64_t> offsets;
  service.download = [&](const v1::DownloadArtifactRequest& request, Chunks& stream) {
    offsets.push_back(request.offset());
    const bool last = offsets.size() == 3;
    SendRange(stream, bytes, request.offset(), last ? bytes.size() : request.offset() + 5);
    return last ? grpc::Status::OK : Unavailable();
  };
  const Downloaded result = Download(service);
  ASSERT_TRUE(result.artifact.ok()) << result.artifact.status();
  EXPECT_EQ(result.bytes, bytes);
  EXPECT_EQ(result.artifact->size_bytes(), bytes.size());
  EXPECT_THAT(offsets, ElementsAre(0, 5, 10));
}

TEST(DownloadTest, TakesAnEmptyArtifact) {
  fakes::ScriptedGenerationService service;
  service.download = [&](const auto&, Chunks& stream) {
    SendRange(stream, "", 0, 0);
    return grpc::Status::OK;
  };
  EXPECT_TRUE(Download(service).artifact.ok());
}

TEST(DownloadTest, RefusesBytesOfAnotherHash) {
  fakes::ScriptedGenerationService service;
  service.download = [&](const auto&, Chunks& stream) {
    v1::DownloadArtifactResponse chunk;
    *chunk.mutable_artifact() = MakeArtifact("right");
    chunk.set_data("wrong");
    stream.Write(chunk);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Download(service).artifact.status().code(), absl::StatusCode::kDataLoss);
}

TEST(DownloadTest, RefusesAGapAnEarlyEndAndBytesOfNothing) {
  const std::string bytes = "0123456789";
  fakes::ScriptedGenerationService service;
  service.download = [&](const auto&, Chunks& stream) {
    SendRange(stream, bytes, 0, 3);
    SendRange(stream, bytes, 6, 10);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Download(service).artifact.status().code(), absl::StatusCode::kDataLoss);
  service.download = [&](const auto&, Chunks& stream) {
    SendRange(stream, bytes, 0, 6);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Download(service).artifact.status().code(), absl::StatusCode::kDataLoss);
  service.download = [&](const auto&, Chunks& stream) {
    v1::DownloadArtifactResponse chunk;
    chunk.set_data("?");
    stream.Write(chunk);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Download(service).artifact.status().code(), absl::StatusCode::kDataLoss);
}

TEST(DownloadTest, EndsWithTheSinksError) {
  fakes::ScriptedGenerationService service;
  service.download = [&](const auto&, Chunks& stream) {
    SendRange(stream, "0123456789", 0, 10);
    return grpc::Status::OK;
  };
  const auto artifact =
      Connect(service.address())->Download("jobs/a/artifacts/0", [](std::string_view) {
        return absl::ResourceExhaustedError("disk full");
      });
  EXPECT_EQ(artifact.status().message(), "disk full");
}

}  // namespace
}  // namespace hanga::client
