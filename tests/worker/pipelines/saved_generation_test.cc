// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/saved_generation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "worker/pipelines/digest.h"

namespace hanga {
namespace {

SavedGeneration Example() {
  return {std::string(32, 'i'),
          3,
          at::arange(24).to(at::kFloat).view({1, 6, 4}),
          {at::ones({2}), at::zeros({1, 1})},
          "noise"};
}

// The bytes as a hostile sender would make them: changed, with a digest that fits.
std::string Signed(std::string body) { return body + Sha256().Update(body).Finish(); }

std::string Body() {
  const std::string bytes = EncodeSaved(Example());
  return bytes.substr(0, bytes.size() - 32);
}

TEST(SavedGenerationTest, ComesBackAsItWas) {
  const auto saved = DecodeSaved(EncodeSaved(Example()));
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->identity, Example().identity);
  EXPECT_EQ(saved->step, 3);
  EXPECT_TRUE(saved->latents.equal(Example().latents));
  ASSERT_EQ(saved->history.size(), 2u);
  EXPECT_TRUE(saved->history[0].equal(at::ones({2})));
  EXPECT_EQ(saved->noise, "noise");
}

TEST(SavedGenerationTest, RefusesEveryTruncationAndEveryFlippedByte) {
  const std::string bytes = EncodeSaved(Example());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(DecodeSaved(bytes.substr(0, length)).ok()) << length;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] ^= 1;
    EXPECT_FALSE(DecodeSaved(damaged).ok()) << i;
  }
  EXPECT_FALSE(DecodeSaved(bytes + "x").ok());
}

TEST(SavedGenerationTest, SurvivesHostileBytesWithAFittingDigest) {
  const std::string body = Body();
  for (size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(DecodeSaved(Signed(body.substr(0, length))).ok()) << length;
  }
  // Huge counts and sizes at every place must be refused or read, never overflow or allocate.
  for (size_t i = 12; i + 8 <= body.size(); ++i) {
    std::string hostile = body;
    hostile.replace(i, 8, std::string(8, '\xff'));
    DecodeSaved(Signed(hostile)).status().IgnoreError();
  }
}

TEST(SavedGenerationTest, NamesAVersionThatItDoesNotKnow) {
  std::string body = Body();
  body[8] = 9;
  EXPECT_NE(DecodeSaved(Signed(body)).status().message().find("version 9"), std::string::npos);
}

}  // namespace
}  // namespace hanga
