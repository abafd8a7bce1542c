// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "client/client.h"
#include "tests/client/connect.h"
#include "tests/fakes/scripted_generation_service.h"

namespace hanga::client {
namespace {

using testing::ElementsAre;
using testing::Pair;
using Events = fakes::ScriptedGenerationService::Stream<v1::GenerateResponse>;

void SendJob(Events& stream, v1::JobState state, uint64_t sequence) {
  v1::GenerateResponse response;
  *response.mutable_job() = MakeJob(state, sequence);
  stream.Write(response);
}

// Sends image `index` in two chunks; with `whole` false only the first of them.
void SendImage(Events& stream, uint32_t index, const std::string& bytes, bool whole = true) {
  const size_t half = bytes.size() / 2;
  v1::GenerateResponse response;
  auto* chunk = response.mutable_artifact();
  *chunk->mutable_artifact() = MakeArtifact(bytes);
  chunk->mutable_artifact()->set_index(index);
  chunk->set_data(bytes.substr(0, half));
  stream.Write(response);
  if (!whole) return;
  chunk->clear_artifact();
  chunk->set_offset(half);
  chunk->set_data(bytes.substr(half));
  stream.Write(response);
}

TEST(GenerateTest, HandsOnEveryImageOnceThoughTheStreamBreaks) {
  fakes::ScriptedGenerationService service;
  std::set<std::string> request_ids;
  int calls = 0;
  service.generate = [&](const v1::GenerateRequest& request, Events& stream) {
    request_ids.insert(request.submit().request_id());
    const bool first = ++calls == 1;
    SendJob(stream, v1::JOB_STATE_RUNNING, first ? 1 : 3);
    SendImage(stream, 0, "first image");
    SendImage(stream, 1, "second image", /*whole=*/!first);
    if (first) return Unavailable();
    SendJob(stream, v1::JOB_STATE_SUCCEEDED, 5);
    return grpc::Status::OK;
  };
  std::multimap<uint32_t, std::string> images;
  const auto job = Connect(service.address())
                       ->Generate({}, {.on_image = [&](const auto& artifact, std::string bytes) {
                                    images.emplace(artifact.index(), bytes);
                                    return absl::OkStatus();
                                  }});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_THAT(images, ElementsAre(Pair(0, "first image"), Pair(1, "second image")));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(request_ids.size(), 1u) << "another request_id would make another job";
  EXPECT_FALSE(request_ids.begin()->empty());
}

TEST(GenerateTest, HidesStatesThatARepeatedStreamSendsAgain) {
  fakes::ScriptedGenerationService service;
  int calls = 0;
  service.generate = [&](const auto&, Events& stream) {
    if (++calls == 1) {
      SendJob(stream, v1::JOB_STATE_RUNNING, 7);
      return Unavailable();
    }
    SendJob(stream, v1::JOB_STATE_RUNNING, 6);
    SendJob(stream, v1::JOB_STATE_SUCCEEDED, 8);
    return grpc::Status::OK;
  };
  std::vector<uint64_t> seen;
  const auto job = Connect(service.address())->Generate({}, {.on_job = [&](const auto& j) {
                                                          seen.push_back(j.sequence());
                                                        }});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_THAT(seen, ElementsAre(7, 8));
}

TEST(GenerateTest, EndsWithTheErrorOfWhoeverTakesTheImages) {
  fakes::ScriptedGenerationService service;
  service.generate = [&](const auto&, Events& stream) {
    SendJob(stream, v1::JOB_STATE_RUNNING, 1);
    SendImage(stream, 0, "image");
    SendJob(stream, v1::JOB_STATE_SUCCEEDED, 2);
    return grpc::Status::OK;
  };
  const auto job =
      Connect(service.address())->Generate({}, {.on_image = [](const auto&, std::string) {
                                             return absl::AlreadyExistsError("a.png exists");
                                           }});
  EXPECT_EQ(job.status().message(), "a.png exists");
}

TEST(GenerateTest, ReturnsTheServersRefusal) {
  fakes::ScriptedGenerationService service;
  service.generate = [&](const auto&, Events&) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "spec.steps: 0");
  };
  EXPECT_EQ(Connect(service.address())->Generate({}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hanga::client
