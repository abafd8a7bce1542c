// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/prompt_chunks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/worker/tokenizers/golden_strings.h"

namespace hanga {
namespace {

using ::testing::Each;

class PromptChunksTest : public testing::Test {
 protected:
  PromptChunksTest() { tokenizer_ = *ClipTokenizer::Load(GoldenFolder("tokenizers/clip")); }

  static std::string Repeated(const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  }
  // Tokens of a row between start and end.
  int64_t Length(const PromptChunk& chunk) const {
    int64_t end = 1;
    while (chunk.ids[static_cast<size_t>(end)] != tokenizer_->end_id()) ++end;
    return end - 1;
  }

  std::unique_ptr<ClipTokenizer> tokenizer_;
};

TEST_F(PromptChunksTest, IsThePaddedPromptWhereItFits) {
  const std::string prompt = "a photo of an astronaut riding a horse on mars";
  for (const auto& chunks : {A1111Chunks(*tokenizer_, prompt), ComfyChunks(*tokenizer_, prompt)}) {
    ASSERT_EQ(chunks.size(), 1U);
    EXPECT_EQ(chunks[0].ids, tokenizer_->EncodePadded(prompt).ids);
    EXPECT_THAT(chunks[0].weights, Each(1.0f));
    EXPECT_FALSE(chunks[0].weighted());
  }
  EXPECT_EQ(A1111Chunks(*tokenizer_, "")[0].ids, tokenizer_->EncodePadded("").ids);
}

TEST_F(PromptChunksTest, WeighsTheTokensOfABracket) {
  for (const auto& chunks :
       {A1111Chunks(*tokenizer_, "a (red:1.5) dog"), ComfyChunks(*tokenizer_, "a (red:1.5) dog")}) {
    ASSERT_EQ(chunks.size(), 1U);
    EXPECT_EQ(chunks[0].ids, tokenizer_->EncodePadded("a red dog").ids);
    std::vector<float> weights(77, 1);
    weights[2] = 1.5f;
    EXPECT_EQ(chunks[0].weights, weights);
    EXPECT_TRUE(chunks[0].weighted());
  }
}

TEST_F(PromptChunksTest, CutsLongPromptsIntoRowsOfSeventyFive) {
  for (const auto& chunks : {A1111Chunks(*tokenizer_, Repeated("dog ", 160)),
                             ComfyChunks(*tokenizer_, Repeated("dog ", 160))}) {
    ASSERT_EQ(chunks.size(), 3U);
    EXPECT_EQ(Length(chunks[0]), 75);
    EXPECT_EQ(Length(chunks[1]), 75);
    EXPECT_EQ(Length(chunks[2]), 10);
  }
}

TEST_F(PromptChunksTest, EndsA1111RowsAfterAComma) {
  const std::string near = Repeated("dog ", 60) + ", " + Repeated("cat ", 30);
  const auto chunks = A1111Chunks(*tokenizer_, near);
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(Length(chunks[0]), 61);
  EXPECT_EQ(Length(chunks[1]), 30);
  // Too far back.
  const std::string far = Repeated("dog ", 40) + ", " + Repeated("cat ", 50);
  EXPECT_EQ(Length(A1111Chunks(*tokenizer_, far)[0]), 75);
}

TEST_F(PromptChunksTest, EndsA1111RowsAtBreak) {
  const auto chunks = A1111Chunks(*tokenizer_, "a red dog BREAK a cat");
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(chunks[0].ids, tokenizer_->EncodePadded("a red dog").ids);
  EXPECT_EQ(chunks[1].ids, tokenizer_->EncodePadded("a cat").ids);
}

TEST_F(PromptChunksTest, KeepsShortTextsOfComfyWhole) {
  const auto chunks =
      ComfyChunks(*tokenizer_, Repeated("dog ", 73) + "(one two three:1.2)" + Repeated(" cat", 3));
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(Length(chunks[0]), 73);
  EXPECT_EQ(Length(chunks[1]), 6);
  EXPECT_FLOAT_EQ(chunks[1].weights[3], 1.2f);
  EXPECT_FLOAT_EQ(chunks[1].weights[4], 1);
}

}  // namespace
}  // namespace hanga
