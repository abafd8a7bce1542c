// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/model_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/worker/weights/safetensors_file.h"

namespace hanga {
namespace {

// printf abc | sha256sum
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
// What sha256sum prints for a list of "abc" as a/x.safetensors and "xyz" as b.safetensors.
constexpr char kBoth[] = "4f5145c1e3ac0bca4c3c80e35ab3f7e669dc38d12145b9c90151fe9692c7adef";

TEST(ModelHashTest, IsTheHashOfASingleFile) {
  const TemporaryFolder folder;
  const auto hash = HashModel({{"x.safetensors", folder.Write("x", "abc")}});
  ASSERT_TRUE(hash.ok()) << hash.status();
  EXPECT_EQ(*hash, kAbc);
}

TEST(ModelHashTest, IsTheHashOfTheListOfSeveralFiles) {
  const TemporaryFolder folder;
  const HashedFile x{"a/x.safetensors", folder.Write("x", "abc")};
  const HashedFile y{"b.safetensors", folder.Write("y", "xyz")};
  EXPECT_EQ(*HashModel({x, y}), kBoth);
  EXPECT_EQ(*HashModel({y, x}), kBoth);  // the order does not matter, names do
  EXPECT_NE(*HashModel({x, {"c.safetensors", y.path}}), kBoth);
}

TEST(ModelHashTest, ReportsProgressAndCanBeCancelled) {
  const TemporaryFolder folder;
  const HashedFile file{"x", folder.Write("x", std::string(10 << 20, 'x'))};
  uint64_t last = 0;
  const auto watch = [&](uint64_t done, uint64_t total) {
    EXPECT_GT(done, last);
    EXPECT_EQ(total, uint64_t{10 << 20});
    last = done;
    return true;
  };
  EXPECT_TRUE(HashModel({file}, watch).ok());
  EXPECT_EQ(last, uint64_t{10 << 20});
  const auto cancel = [](uint64_t, uint64_t) { return false; };
  EXPECT_TRUE(absl::IsCancelled(HashModel({file}, cancel).status()));
}

TEST(ModelHashTest, StampsChangeWithTheFile) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("x", "abc");
  const auto before = StampFile(path);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(*StampFile(path), *before);
  folder.Write("x", "abcd");
  EXPECT_NE(*StampFile(path), *before);
  const auto none = HashModel({{"none", folder.path() + "/none"}}).status();
  EXPECT_TRUE(absl::IsNotFound(none));
  EXPECT_THAT(std::string(none.message()), testing::Not(testing::HasSubstr(folder.path())));
}

}  // namespace
}  // namespace hanga
