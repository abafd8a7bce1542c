// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/unicode.h"

#include <gtest/gtest.h>

namespace hanga {
namespace {

TEST(UnicodeTest, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(DecodeUtf8("a\xC3\xA9"), U"a\u00E9");
  EXPECT_EQ(DecodeUtf8("a\xC3"), U"a\uFFFD");                    // cut off
  EXPECT_EQ(DecodeUtf8("\xC0\xAF"), U"\uFFFD\uFFFD");            // longer than needed
  EXPECT_EQ(DecodeUtf8("\xED\xA0\x80"), U"\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(EncodeUtf8(DecodeUtf8("\U0001F3A8")), "\U0001F3A8");
}

TEST(UnicodeTest, ComposesInCanonicalOrder) {
  EXPECT_EQ(ComposeCanonically(U"e\u0301"), U"\u00E9");
  EXPECT_EQ(ComposeCanonically(U"e\u0301\u0323"), U"\u1EB9\u0301");  // the mark below goes first
  EXPECT_EQ(ComposeCanonically(U"\u1112\u1161\u11AB"), U"\uD55C");   // Hangul
  EXPECT_EQ(ComposeCanonically(U"\u212B"), U"\u00C5");
  EXPECT_EQ(ComposeCanonically(U""), U"");
}

TEST(UnicodeTest, LowersCaseInContext) {
  EXPECT_EQ(LowerCase(U"\u0130X"), U"i\u0307x");
  EXPECT_EQ(LowerCase(U"\u03A3\u0391\u03A3"), U"\u03C3\u03B1\u03C2");
  EXPECT_EQ(LowerCase(U"\u0391\u03A3'\u0391"), U"\u03B1\u03C3'\u03B1");  // an apostrophe within
  EXPECT_EQ(LowerCase(U"\u03A3"), U"\u03C3");
}

TEST(UnicodeTest, TellsCategories) {
  EXPECT_TRUE(IsLetter(U'\u3042') && !IsLetter(U'1') && !IsLetter(U'\u0301'));
  EXPECT_TRUE(IsNumber(U'\u00BD') && IsNumber(U'\u2167') && !IsNumber(U'a'));
  EXPECT_TRUE(IsOther(U'\0') && IsOther(U'\u200B') && IsOther(U'\uE000') && !IsOther(U' '));
  EXPECT_TRUE(IsSpace(U'\u3000') && !IsSpace(U'\n') && IsWhiteSpace(U'\n'));
}

}  // namespace
}  // namespace hanga
