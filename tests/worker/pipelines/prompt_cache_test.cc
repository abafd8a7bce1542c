// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/prompt_cache.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hanga {
namespace {

at::Tensor Encoded() { return at::ones({25}); }  // 100 bytes

TEST(PromptCacheTest, FindsByEncoderLengthAndText) {
  PromptCache cache(1000);
  cache.Insert({"t5", 64, "a"}, Encoded());
  EXPECT_TRUE(cache.Find({"t5", 64, "a"}).defined());
  EXPECT_FALSE(cache.Find({"clip", 64, "a"}).defined());
  EXPECT_FALSE(cache.Find({"t5", 65, "a"}).defined());
  EXPECT_FALSE(cache.Find({"t5", 64, "b"}).defined());
}

TEST(PromptCacheTest, DropsTheLeastRecentlyUsed) {
  PromptCache cache(210);
  cache.Insert({"t5", 64, "a"}, Encoded());
  cache.Insert({"t5", 64, "b"}, Encoded());
  EXPECT_TRUE(cache.Find({"t5", 64, "a"}).defined());
  cache.Insert({"t5", 64, "c"}, Encoded());
  EXPECT_TRUE(cache.Find({"t5", 64, "a"}).defined());
  EXPECT_FALSE(cache.Find({"t5", 64, "b"}).defined());
  EXPECT_LE(cache.bytes(), 210u);
}

TEST(PromptCacheTest, CountsTextsAndKeepsNothingLargerThanItself) {
  PromptCache cache(150);
  cache.Insert({"t5", 64, std::string(60, 'x')}, Encoded());
  EXPECT_EQ(cache.bytes(), 0u);
  cache.Insert({"t5", 64, "a"}, Encoded());
  cache.Insert({"t5", 64, "a"}, Encoded());
  EXPECT_EQ(cache.bytes(), 101u);
}

TEST(PromptCacheTest, CountsWhatItFound) {
  PromptCache cache(1000);
  cache.Find({"t5", 64, "a"});
  cache.Insert({"t5", 64, "a"}, Encoded());
  cache.Find({"t5", 64, "a"});
  cache.Find({"t5", 64, "a"});
  EXPECT_EQ(cache.hits(), 2u);
  EXPECT_EQ(cache.misses(), 1u);
}

}  // namespace
}  // namespace hanga
