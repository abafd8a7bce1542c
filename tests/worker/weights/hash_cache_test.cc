// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/hash_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/worker/weights/safetensors_file.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;

// Large on paper alone: a hole takes no room on the disk and is read as zeros.
std::string LargeFile(const TemporaryFolder& folder, const std::string& first) {
  const std::string path = folder.Write("x", first);
  fs::resize_file(path, uint64_t{260} << 20);
  return path;
}

// Changes what the cache says, so that an answer tells where it came from.
int Falsify(const std::string& cache, const std::string& hash) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(cache)) {
    std::ofstream(entry.path(), std::ios::trunc) << hash << "\n";
    ++files;
  }
  return files;
}

TEST(HashCacheTest, ReadsALargeModelOnceUntilAFileChanges) {
  const TemporaryFolder folder;
  const std::string cache = folder.Write("c", "") + ".cache", path = LargeFile(folder, "abc");
  const HashedFile file{"x.safetensors", path};
  const auto first = HashModelOnce({file}, cache);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, *HashModel({file}));
  const std::string known(64, 'a');
  ASSERT_EQ(Falsify(cache, known), 1);
  EXPECT_EQ(*HashModelOnce({file}, cache), known);
  fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(2));
  EXPECT_EQ(*HashModelOnce({file}, cache), *first);
}

TEST(HashCacheTest, AnswersThatAreNoHashAreReadAgain) {
  const TemporaryFolder folder;
  const std::string cache = folder.Write("c", "") + ".cache";
  const HashedFile file{"x.safetensors", LargeFile(folder, "xyz")};
  const auto first = HashModelOnce({file}, cache);
  Falsify(cache, "not a hash");
  EXPECT_EQ(*HashModelOnce({file}, cache), *first);
}

TEST(HashCacheTest, SmallModelsAndAnEmptyFolderLeaveNothing) {
  const TemporaryFolder folder;
  const std::string cache = folder.Write("c", "") + ".cache";
  const HashedFile file{"x.safetensors", folder.Write("x", "abc")};
  EXPECT_EQ(*HashModelOnce({file}, cache), *HashModel({file}));
  EXPECT_FALSE(fs::exists(cache));
  EXPECT_EQ(*HashModelOnce({file}, ""), *HashModel({file}));
}

TEST(HashCacheTest, AMissingFileIsToldByItsName) {
  const auto hash = HashModelOnce({{"vae/x.safetensors", "/nowhere/x"}}, "");
  EXPECT_EQ(hash.status().code(), absl::StatusCode::kNotFound) << hash.status();
}

}  // namespace
}  // namespace hanga
