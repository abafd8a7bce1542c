// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/clip_tokenizer.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/worker/tokenizers/golden_strings.h"

namespace hanga {
namespace {

using Ids = std::vector<int64_t>;

std::unique_ptr<ClipTokenizer> LoadFull() {
  auto tokenizer = ClipTokenizer::Load(GoldenFolder("tokenizers/clip"));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

// A folder with a tiny vocabulary, to be completed by the test.
class TinyClipTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "clipXXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::filesystem::copy(GoldenFolder("models/flux_dev/tokenizer"), folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  void Remove(const std::string& name) { std::filesystem::remove(folder_ + "/" + name); }

  std::string folder_;
};

TEST(ClipTokenizerTest, GivesTheReferencesIdsForEveryGoldenString) {
  const auto tokenizer = LoadFull();
  const auto strings = ReadGoldenStrings("clip.json");
  ASSERT_EQ(strings.size(), 65u);
  for (const GoldenString& string : strings) {
    EXPECT_EQ(tokenizer->Encode(string.text), string.ids) << string.text;
    EXPECT_EQ(tokenizer->EncodePadded(string.text).ids, string.padded) << string.text;
  }
}

TEST(ClipTokenizerTest, KnowsItsSpecialTokens) {
  const auto tokenizer = LoadFull();
  EXPECT_EQ(tokenizer->vocabulary_size(), 49408);
  EXPECT_EQ(tokenizer->start_id(), 49406);
  EXPECT_EQ(tokenizer->end_id(), 49407);
  EXPECT_EQ(tokenizer->pad_id(), 49407);
  EXPECT_EQ(tokenizer->max_length(), 77);
}

TEST(ClipTokenizerTest, KeepsTheEndTokenWhenItCuts) {
  const auto tokenizer = LoadFull();
  std::string prompt;
  for (int i = 0; i < 100; ++i) prompt += "word ";
  const TokenIds tokens = tokenizer->EncodePadded(prompt);
  ASSERT_EQ(tokens.ids.size(), 77u);
  EXPECT_EQ(tokens.ids.front(), 49406);
  EXPECT_EQ(tokens.ids.back(), 49407);
  EXPECT_EQ(tokens.dropped, 25);
  EXPECT_EQ(tokens.mask, Ids(77, 1));
}

TEST(ClipTokenizerTest, MasksWhatItPads) {
  const TokenIds tokens = LoadFull()->EncodePadded("a cat");
  EXPECT_EQ(tokens.dropped, 0);
  for (size_t i = 0; i < tokens.mask.size(); ++i) EXPECT_EQ(tokens.mask[i], i < 4) << i;
}

// Ids from transformers 4.57.6.
TEST(ClipTokenizerTest, FollowsTheReferenceInRareCases) {
  const auto tokenizer = LoadFull();
  const auto same = [&](const std::string& a, const std::string& b) {
    EXPECT_EQ(tokenizer->Encode(a), tokenizer->Encode(b)) << a;
  };
  same("\u039F\u0394\u039F\u03A3", "\u03BF\u03B4\u03BF\u03C2");  // a sigma at the end is final
  same("\u03A3\u039F\u03A6", "\u03C3\u03BF\u03C6");              // any other is not
  same("a\u2028b", "a b");                                       // a line separator is a space
  same(
      "\xFF\xFE"
      "cat",
      "cat");                     // no UTF-8
  same("a\u0345b\u0345", "a b");  // an iota subscript that composes with nothing
  EXPECT_EQ(tokenizer->Encode("<|STARTOFTEXT|>"), (Ids{49406, 49406, 49407}));
  EXPECT_EQ(tokenizer->Encode("<|endoftext|><|endoftext|>"), (Ids{49406, 49407, 49407, 49407}));
}

TEST(ClipTokenizerTest, TakesLongPromptsOfAnyKindInItsStride) {
  const auto tokenizer = LoadFull();
  constexpr int kSize = 100'000;
  std::string marks, alternating;
  for (int i = 0; i < kSize / 4; ++i) {
    marks += "\u0301\u0323";  // accents whose canonical order is the reverse
    alternating += "<|s'";
  }
  for (const std::string& prompt :
       {std::string(kSize, 'a'), std::string(kSize, ' '), std::string(kSize, '\0'),
        std::string(kSize, '<'), std::string(kSize, '\x80'), marks, alternating}) {
    const TokenIds tokens = tokenizer->EncodePadded(prompt);
    EXPECT_EQ(tokens.ids.size(), 77u);
  }
}

TEST_F(TinyClipTest, PadsWithTheConfiguredToken) {
  Write("tokenizer_config.json", R"({"pad_token": "!", "model_max_length": 10})");
  const auto tokenizer = ClipTokenizer::Load(folder_);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->pad_id(), 0);
  const TokenIds tokens = (*tokenizer)->EncodePadded("");
  const int64_t start = (*tokenizer)->start_id(), end = (*tokenizer)->end_id();
  EXPECT_EQ(tokens.ids, (Ids{start, end, 0, 0, 0, 0, 0, 0, 0, 0}));
  // As a special token it also stands for itself within a text.
  EXPECT_EQ((*tokenizer)->Encode("!!"), (Ids{start, 0, 0, end}));
}

TEST_F(TinyClipTest, NeedsNoConfiguration) {
  Remove("tokenizer_config.json");
  Remove("special_tokens_map.json");
  const auto tokenizer = ClipTokenizer::Load(folder_);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->pad_id(), (*tokenizer)->end_id());
}

TEST_F(TinyClipTest, SaysWhichFileIsMissing) {
  Remove("merges.txt");
  const auto status = ClipTokenizer::Load(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "the tokenizer has no merges.txt");
}

TEST_F(TinyClipTest, RefusesMalformedFiles) {
  const auto fails = [&] {
    return ClipTokenizer::Load(folder_).status().code() == absl::StatusCode::kInvalidArgument;
  };
  Write("merges.txt", "#version\na b c\n");
  EXPECT_TRUE(fails());
  Write("merges.txt", "#version\na b\n");
  EXPECT_FALSE(fails());
  Write("vocab.json", R"({"a": -1})");
  EXPECT_TRUE(fails());
  Write("vocab.json", R"({"a": 1})");  // no start token
  EXPECT_TRUE(fails());
  Write("vocab.json", "[1, 2");
  EXPECT_TRUE(fails());
}

}  // namespace
}  // namespace hanga
