// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/artifact_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>

#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

constexpr AttemptFile kFile = {7, 0, 1};

void Publish(ArtifactStore& store, const std::string& bytes) {
  auto received = store.Receive(kFile, bytes.size());
  ASSERT_TRUE(received.ok()) << received.status();
  ASSERT_TRUE((*received)->Append(bytes).ok());
  ASSERT_TRUE(store.PublishArtifact(**received, kFile).ok());
}

// The clock by which the disk stamps files has gone on since this one's.
void AwaitNextStamp(const std::string& path) {
  struct stat facts = {};
  ASSERT_EQ(stat(path.c_str(), &facts), 0);
  timespec now = {};
  do {
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
  } while (now.tv_sec == facts.st_ctim.tv_sec && now.tv_nsec <= facts.st_ctim.tv_nsec);
}

TEST(ArtifactStoreTest, TheSweepAfterACrashSparesAResultThatComesASecondTime) {
  TempFolder temp;
  const auto folder = DataFolder::Lock(temp.path());
  ASSERT_TRUE(folder.ok()) << folder.status();
  ArtifactStore before(*folder, 0);
  Publish(before, "without a record");
  AwaitNextStamp(folder->File("artifacts/07/7.0.1"));

  ArtifactStore after(*folder, 0);
  // Its worker brings it again while the sweep looks at the first one.
  after.SweepArtifacts([&](const AttemptFile&) {
    Publish(after, "the second time");
    return false;
  });
  EXPECT_TRUE(after.OpenArtifact(kFile).ok());
}

TEST(ArtifactStoreTest, TheSweepAfterACrashRemovesWhatNobodyKnows) {
  TempFolder temp;
  const auto folder = DataFolder::Lock(temp.path());
  ASSERT_TRUE(folder.ok()) << folder.status();
  ArtifactStore before(*folder, 0);
  Publish(before, "without a record");
  AwaitNextStamp(folder->File("artifacts/07/7.0.1"));
  ArtifactStore after(*folder, 0);
  EXPECT_EQ(after.SweepArtifacts([](const AttemptFile&) { return false; }), 1u);
  EXPECT_FALSE(after.OpenArtifact(kFile).ok());
}

}  // namespace
}  // namespace hanga
