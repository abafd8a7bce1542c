// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/t5_tokenizer.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/worker/tokenizers/golden_strings.h"

namespace hanga {
namespace {

using Ids = std::vector<int64_t>;

std::unique_ptr<T5Tokenizer> LoadFull() {
  auto tokenizer = T5Tokenizer::Load(GoldenFolder("tokenizers/t5"));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

absl::Status LoadBytes(const std::string& model) {
  std::string pattern = testing::TempDir() + "t5XXXXXX";
  const std::string folder = mkdtemp(pattern.data());
  std::ofstream(folder + "/spiece.model", std::ios::binary) << model;
  const auto status = T5Tokenizer::Load(folder).status();
  std::filesystem::remove_all(folder);
  return status;
}

TEST(T5TokenizerTest, GivesTheReferencesIdsForEveryGoldenString) {
  const auto tokenizer = LoadFull();
  const auto strings = ReadGoldenStrings("t5.json");
  ASSERT_EQ(strings.size(), 65u);
  for (const GoldenString& string : strings) {
    EXPECT_EQ(tokenizer->Encode(string.text), string.ids) << string.text;
    EXPECT_EQ(tokenizer->EncodePadded(string.text, 64).ids, string.padded) << string.text;
  }
}

TEST(T5TokenizerTest, KnowsItsSpecialTokens) {
  const auto tokenizer = LoadFull();
  EXPECT_EQ(tokenizer->vocabulary_size(), 32100);
  EXPECT_EQ(tokenizer->end_id(), 1);
  EXPECT_EQ(tokenizer->pad_id(), 0);
  EXPECT_EQ(tokenizer->Encode("<extra_id_99>"), (Ids{32000, 1}));
}

TEST(T5TokenizerTest, PadsAndMasks) {
  const TokenIds tokens = LoadFull()->EncodePadded("a", 6);
  EXPECT_EQ(tokens.ids, (Ids{3, 9, 1, 0, 0, 0}));
  EXPECT_EQ(tokens.mask, (Ids{1, 1, 1, 0, 0, 0}));
  EXPECT_EQ(tokens.dropped, 0);
}

TEST(T5TokenizerTest, KeepsTheEndTokenWhenItCuts) {
  const TokenIds tokens = LoadFull()->EncodePadded("a a a a", 4);
  EXPECT_EQ(tokens.ids, (Ids{3, 9, 3, 1}));
  EXPECT_EQ(tokens.mask, (Ids{1, 1, 1, 1}));
  EXPECT_EQ(tokens.dropped, 5);
}

// A text of its own after a special token starts without a space.
TEST(T5TokenizerTest, MarksASpaceBeforeTheFirstWordAlone) {
  const auto tokenizer = LoadFull();
  EXPECT_NE(tokenizer->Encode("<pad>house"), tokenizer->Encode("<pad> house"));
  EXPECT_EQ(tokenizer->Encode("house"), tokenizer->Encode(" house"));
  EXPECT_EQ(tokenizer->Encode("a  house"), tokenizer->Encode("a house  "));
}

TEST(T5TokenizerTest, LoadsATinyVocabularyWithoutSentinels) {
  const auto tokenizer = T5Tokenizer::Load(GoldenFolder("models/flux_dev/tokenizer_2"));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->vocabulary_size(), 485);
}

TEST(T5TokenizerTest, TakesLongPromptsOfAnyKindInItsStride) {
  const auto tokenizer = LoadFull();
  constexpr int kSize = 100'000;
  std::string unknown;
  for (int i = 0; i < kSize / 3; ++i) unknown += "\u65E5";
  for (const std::string& prompt :
       {std::string(kSize, 'a'), std::string(kSize, ' '), std::string(kSize, '\0'),
        std::string(kSize, '<'), std::string(kSize, '\x80'), unknown}) {
    EXPECT_EQ(tokenizer->EncodePadded(prompt, 512).ids.size(), 512u);
  }
}

TEST(T5TokenizerTest, RefusesWhatIsNoModel) {
  EXPECT_EQ(T5Tokenizer::Load(GoldenFolder("tokenizers/clip")).status().message(),
            "the tokenizer has no spiece.model");
  EXPECT_EQ(LoadBytes("").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LoadBytes("{}").code(), absl::StatusCode::kInvalidArgument);
}

// Whatever a damaged model file holds, loading and using it stays within bounds.
TEST(T5TokenizerTest, SurvivesDamagedModels) {
  std::ifstream file(GoldenFolder("models/flux_dev/tokenizer_2/spiece.model"), std::ios::binary);
  const std::string whole(std::istreambuf_iterator<char>(file), {});
  uint32_t state = 1;
  const auto random = [&] { return state = state * 1664525 + 1013904223; };
  for (int i = 0; i < 200; ++i) {
    std::string damaged = whole.substr(0, i % 4 == 0 ? random() % whole.size() : whole.size());
    for (int j = 0; j < 8 && !damaged.empty(); ++j) damaged[random() % damaged.size()] = random();
    std::string pattern = testing::TempDir() + "t5XXXXXX";
    const std::string folder = mkdtemp(pattern.data());
    std::ofstream(folder + "/spiece.model", std::ios::binary) << damaged;
    if (const auto tokenizer = T5Tokenizer::Load(folder); tokenizer.ok()) {
      (*tokenizer)->Encode("caf\u00E9 \uFF21\uFF22 \u00BD e\u0301 <pad> \xFF");
    }
    std::filesystem::remove_all(folder);
  }
}

}  // namespace
}  // namespace hanga
