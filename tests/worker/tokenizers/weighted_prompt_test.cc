// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/weighted_prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <string>

namespace hanga {

void PrintTo(const WeightedText& text, std::ostream* out) {
  *out << (text.starts_chunk ? "BREAK " : "") << '"' << text.text << "\" x " << text.weight;
}

namespace {

using ::testing::ElementsAre;

MATCHER_P2(Weighs, text, weight, "") {
  return arg.text == text && !arg.starts_chunk && std::abs(arg.weight - weight) < 1e-6;
}
MATCHER_P2(Starts, text, weight, "") {
  return arg.text == text && arg.starts_chunk && std::abs(arg.weight - weight) < 1e-6;
}

TEST(A1111PromptTest, ReadsBracketsAndNumbers) {
  EXPECT_THAT(ReadA1111Prompt("normal text"), ElementsAre(Weighs("normal text", 1)));
  EXPECT_THAT(ReadA1111Prompt("an (important) word"),
              ElementsAre(Weighs("an ", 1), Weighs("important", 1.1), Weighs(" word", 1)));
  EXPECT_THAT(ReadA1111Prompt("(unbalanced"), ElementsAre(Weighs("unbalanced", 1.1)));
  EXPECT_THAT(ReadA1111Prompt("(literal\\]\\)"), ElementsAre(Weighs("literal])", 1.1)));
  EXPECT_THAT(ReadA1111Prompt("(unnecessary)(parens)"),
              ElementsAre(Weighs("unnecessaryparens", 1.1)));
  EXPECT_THAT(ReadA1111Prompt("a [weak] one"),
              ElementsAre(Weighs("a ", 1), Weighs("weak", 1 / 1.1), Weighs(" one", 1)));
  EXPECT_THAT(
      ReadA1111Prompt("a (((house:1.3)) [on] a (hill:0.5), sun, (((sky)))."),
      ElementsAre(Weighs("a ", 1), Weighs("house", 1.3 * 1.1 * 1.1), Weighs(" ", 1.1),
                  Weighs("on", 1), Weighs(" a ", 1.1), Weighs("hill", 0.55), Weighs(", sun, ", 1.1),
                  Weighs("sky", 1.1 * 1.1 * 1.1 * 1.1), Weighs(".", 1.1)));
}

TEST(A1111PromptTest, TakesStrayCharactersAsTheyStand) {
  EXPECT_THAT(ReadA1111Prompt(""), ElementsAre(Weighs("", 1)));
  EXPECT_THAT(ReadA1111Prompt("a:1.3) ]"), ElementsAre(Weighs("a:1.3) ]", 1)));
  EXPECT_THAT(ReadA1111Prompt("(a: b)"), ElementsAre(Weighs("a: b", 1.1)));
  EXPECT_THAT(ReadA1111Prompt("(a:1.2.3)"), ElementsAre(Weighs("a:1.2.3", 1.1)));
}

TEST(A1111PromptTest, BreaksAtTheWordAlone) {
  EXPECT_THAT(ReadA1111Prompt("red BREAK blue"), ElementsAre(Weighs("red", 1), Starts("blue", 1)));
  EXPECT_THAT(ReadA1111Prompt("(red BREAK blue)"),
              ElementsAre(Weighs("red", 1.1), Starts("blue", 1.1)));
  EXPECT_THAT(ReadA1111Prompt("BREAKFAST"), ElementsAre(Weighs("BREAKFAST", 1)));
}

TEST(ComfyPromptTest, ReadsBracketsAndNumbers) {
  EXPECT_THAT(ReadComfyPrompt("an (important) [word]"),
              ElementsAre(Weighs("an ", 1), Weighs("important", 1.1), Weighs(" [word]", 1)));
  EXPECT_THAT(ReadComfyPrompt("((very)) (much:1.4)"),
              ElementsAre(Weighs("very", 1.21), Weighs(" ", 1), Weighs("much", 1.4)));
  // A number is absolute, and what surrounds it goes on with its own.
  EXPECT_THAT(ReadComfyPrompt("(a (b:0.5) c:2)"),
              ElementsAre(Weighs("a ", 2), Weighs("b", 0.5), Weighs(" c", 2)));
  EXPECT_THAT(ReadComfyPrompt("smile \\(:3\\)"), ElementsAre(Weighs("smile (:3)", 1)));
  EXPECT_THAT(ReadComfyPrompt("(a:nan)"), ElementsAre(Weighs("a:nan", 1.1)));
  EXPECT_THAT(ReadComfyPrompt("open (end"), ElementsAre(Weighs("open ", 1), Weighs("(end", 1)));
}

TEST(ComfyPromptTest, ReadsAnyDepth) {
  const std::string deep = std::string(20'000, '(') + "a" + std::string(20'000, ')');
  EXPECT_EQ(ReadComfyPrompt(deep).size(), 1U);
  EXPECT_EQ(ReadA1111Prompt(std::string(20'000, '(') + "a").size(), 1U);
}

TEST(WeightedPromptTest, NoNumberOfBracketsMakesAWeightBeyondTheMost) {
  EXPECT_THAT(ReadA1111Prompt(std::string(20'000, '(') + "a"),
              ElementsAre(Weighs("a", kMostWeight)));
  EXPECT_THAT(ReadA1111Prompt("(a:-1000000)"), ElementsAre(Weighs("a", -kMostWeight)));
  EXPECT_THAT(ReadComfyPrompt("(a:1000000)"), ElementsAre(Weighs("a", kMostWeight)));
  // Bounded on the way, so that nothing becomes infinite and then no number.
  EXPECT_THAT(ReadA1111Prompt(std::string(20'000, '(') + "(a:0)"), ElementsAre(Weighs("a", 0)));
}

}  // namespace
}  // namespace hanga
