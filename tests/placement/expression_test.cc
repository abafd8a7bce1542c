// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "placement/quantities.h"
#include "tests/placement/test_rig.h"

namespace hanga::placement {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  const auto parsed = ParseExpression(text);
  return parsed.ok() ? "parsed" : std::string(parsed.status().message());
}

TEST(ExpressionTest, ReadsBytesAs1024Based) {
  const auto e = ParseExpression("cuda:0,2.5gb;cuda:1,512 MiB;cpu,*");
  ASSERT_TRUE(e.ok()) << e.status();
  const auto& items = e->sections[0].allocations;
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].quota.bytes, 5 * kGiB / 2);
  EXPECT_EQ(items[1].quota.bytes, 512 * kMiB);
  EXPECT_EQ(items[2].device.name, "cpu");
  EXPECT_EQ(items[2].quota.kind, Quota::Kind::kRest);
}

TEST(ExpressionTest, KeepsTheOrderOfWritingBeyondNineDevices) {
  const auto e = ParseExpression("cuda:10,1gb;cuda:2,1gb;cpu,*");
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->sections[0].allocations[0].device.name, "cuda:10");
  EXPECT_EQ(e->sections[0].allocations[1].device.name, "cuda:2");
}

TEST(ExpressionTest, MixesModesItemByItem) {
  const auto e = ParseExpression("cuda:0,50%;cuda:1,0.25;cuda:2,free-2gb;cuda:3,10%free;cpu,5gb*");
  ASSERT_TRUE(e.ok()) << e.status();
  const auto& items = e->sections[0].allocations;
  EXPECT_EQ(items[0].quota.kind, Quota::Kind::kPercentOfModel);
  EXPECT_EQ(items[1].quota.kind, Quota::Kind::kFractionOfDevice);
  EXPECT_EQ(items[2].quota.kind, Quota::Kind::kFreeLess);
  EXPECT_EQ(items[3].quota.kind, Quota::Kind::kPercentOfFree);
  EXPECT_TRUE(items[4].quota.at_most);
}

TEST(ExpressionTest, ACommaForAPointIsAnErrorWithACaretAndASuggestion) {
  const std::string error = ErrorOf("cuda:0,2,5gb;cpu,*");
  EXPECT_THAT(error, HasSubstr("column 8"));
  EXPECT_THAT(error, HasSubstr("\n  cuda:0,2,5gb;cpu,*\n         ^"));
  EXPECT_THAT(error, HasSubstr("did you mean 2.5gb?"));
}

TEST(ExpressionTest, ANumberWithoutUnitIsNotBytes) {
  EXPECT_THAT(ErrorOf("cuda:0,2;cpu,*"), HasSubstr("did you mean 2gb?"));
}

TEST(ExpressionTest, RefusesWhatCannotBeMeant) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("column 1"));
  EXPECT_THAT(ErrorOf("cuda:0"), HasSubstr("how much"));
  EXPECT_THAT(ErrorOf("cuda,2gb"), HasSubstr("did you mean cuda:0?"));
  EXPECT_THAT(ErrorOf("gpu0,2gb"), HasSubstr("did you mean cuda:0?"));
  EXPECT_THAT(ErrorOf("xpu:0,2gb"), HasSubstr("cuda:N, cpu or file"));
  EXPECT_THAT(ErrorOf("cuda:0,2qb"), HasSubstr("a unit: b, kb, mb, gb or tb"));
  EXPECT_THAT(ErrorOf("cuda:0,-2gb"), HasSubstr("not negative"));
  EXPECT_THAT(ErrorOf("cuda:0,60%;cpu,60%"), HasSubstr("100 %"));
  EXPECT_THAT(ErrorOf("cuda:0,0.6;cuda:0,0.6"), HasSubstr("shares of cuda:0"));
  EXPECT_THAT(ErrorOf("cuda:0,*;cpu,*"), HasSubstr("one \"*\" without a limit"));
  EXPECT_THAT(ErrorOf("cuda:0,2gb;;cpu,*"), HasSubstr("column 12"));
  EXPECT_THAT(ErrorOf("unet:cuda:0,*|unet:cpu,*"), HasSubstr("one section"));
  EXPECT_THAT(ErrorOf("cuda:0,2gb,middle"), HasSubstr("first, last or spread"));
  EXPECT_THAT(ErrorOf("blocks[0-9@cuda:1"), HasSubstr("closed bracket"));
  EXPECT_THAT(ErrorOf("virtual_vram=4gb;cuda:0,*"), HasSubstr("either virtual_vram or"));
  EXPECT_THAT(ErrorOf("cpu,*;compute=cpu"), HasSubstr("a device that computes"));
}

TEST(ExpressionTest, DonorsAloneLeaveTheChoiceToThePlanner) {
  const auto expression = ParseExpression("donors=cuda:1, cpu; compute=cuda:0");
  ASSERT_TRUE(expression.ok()) << expression.status();
  const ExpressionSection* unet = expression->Find(Phase::kDenoiser);
  ASSERT_EQ(unet->donors.size(), 2u);
  EXPECT_EQ(unet->donors[0].name, "cuda:1");
  EXPECT_EQ(PrintExpression(*expression), "unet:donors=cuda:1,cpu;compute=cuda:0");
  EXPECT_EQ(DevicesOf(*expression).size(), 3u);
  EXPECT_THAT(ErrorOf("donors=cuda:1;donors=cuda:2"), HasSubstr("donors once"));
  EXPECT_THAT(ErrorOf("donors=cuda:1;cuda:0,*"), HasSubstr("either donors or allocations"));
  EXPECT_THAT(ErrorOf("donors=cuda:1;virtual_vram=4gb"), HasSubstr("before its donors"));
  EXPECT_THAT(ErrorOf("donors=cuda:1;compute=local"), HasSubstr("where others lend"));
}

TEST(ExpressionTest, ReadsVirtualVramPinsAndSections) {
  const auto e = ParseExpression(
      "unet: virtual_vram=12gb; donors=cuda:1,cpu | clip: cpu,*; compute=cuda:1 | vae:cuda:0,*");
  ASSERT_TRUE(e.ok()) << e.status();
  const ExpressionSection* unet = e->Find(Phase::kDenoiser);
  ASSERT_TRUE(unet->virtual_vram.has_value());
  EXPECT_EQ(unet->virtual_vram->bytes, 12 * kGiB);
  ASSERT_EQ(unet->virtual_vram->donors.size(), 2u);
  EXPECT_EQ(unet->virtual_vram->donors[0].name, "cuda:1");
  EXPECT_EQ(e->Find(Phase::kTextEncoder)->compute->name, "cuda:1");
  const auto pins = ParseExpression("double_blocks[0-9]@cuda:1;*.final@cpu;cuda:0,*");
  ASSERT_TRUE(pins.ok()) << pins.status();
  EXPECT_EQ(pins->sections[0].pins[0].pattern, "double_blocks[0-9]");
  EXPECT_EQ(pins->sections[0].pins[1].device.name, "cpu");
}

TEST(ExpressionTest, ReadsWhatDisTorchNodesWrite) {
  const auto simple = ParseExpression("#cuda:1;4.0;cuda:0,cpu");
  ASSERT_TRUE(simple.ok()) << simple.status();
  EXPECT_EQ(simple->sections[0].compute->name, "cuda:1");
  EXPECT_EQ(simple->sections[0].virtual_vram->bytes, 4 * kGiB);
  EXPECT_EQ(simple->sections[0].virtual_vram->donors[0].name, "cuda:0");
  const auto expert = ParseExpression("cuda:0,2.5gb;cpu,*#cuda:0;4.0;cpu");
  ASSERT_TRUE(expert.ok()) << expert.status();
  EXPECT_FALSE(expert->sections[0].virtual_vram.has_value()) << "allocations decide";
}

TEST(ExpressionTest, PatternsMatchNumbersNotDigits) {
  EXPECT_TRUE(MatchesPattern("blocks[0-9]", "blocks.7"));
  EXPECT_FALSE(MatchesPattern("blocks[0-9]", "blocks.17"));
  EXPECT_TRUE(MatchesPattern("blocks[0-3,17]", "blocks.17"));
  EXPECT_TRUE(MatchesPattern("blocks.[10-18]", "blocks.12"));
  EXPECT_TRUE(MatchesPattern("*blocks[0-3]", "double_blocks.2"));
  EXPECT_TRUE(MatchesPattern("*", "final_layer"));
  EXPECT_TRUE(MatchesPattern("single*.3", "single_blocks.13.3"));
  EXPECT_FALSE(MatchesPattern("single", "single_blocks"));
}

// A random well-formed expression.
std::string RandomExpression(Dice* dice) {
  const char* units[] = {"b", "kb", "MB", "gb", "GiB"};
  const char* positions[] = {"", "", ",first", ",last", ",spread"};
  std::string text = dice->Below(2) ? "unet:" : "";
  bool rest = false;
  const int items = dice->Between(1, 5);
  for (int i = 0; i < items; ++i) {
    if (i > 0) text += dice->Below(2) ? ";" : " ; ";
    const std::string device = dice->Below(4) == 0 ? "cpu" : absl::StrCat("cuda:", i);
    switch (dice->Below(rest ? 5 : 6)) {
      case 0:
        text += absl::StrCat(device, ",", dice->Below(64), units[dice->Below(5)]);
        break;
      case 1:
        text += absl::StrCat(device, ",", dice->Below(20), "%");
        break;
      case 2:
        text += absl::StrCat(device, ",0.0", dice->Below(100));
        break;
      case 3:
        text += absl::StrCat(device, ",free-", dice->Below(9), ".5gb");
        break;
      case 4:
        text += absl::StrCat("blocks[", dice->Below(5), "-", 5 + dice->Below(9), "]@", device);
        continue;
      default:
        text += device + ",*", rest = true;
    }
    text += positions[dice->Below(5)];
  }
  return text;
}

TEST(ExpressionTest, PrintedExpressionsParseToTheSame) {
  Dice dice(6);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = RandomExpression(&dice);
    const auto parsed = ParseExpression(text);
    ASSERT_TRUE(parsed.ok()) << text << "\n" << parsed.status();
    const std::string printed = PrintExpression(*parsed);
    const auto again = ParseExpression(printed);
    ASSERT_TRUE(again.ok()) << text << "\n" << printed << "\n" << again.status();
    EXPECT_EQ(PrintExpression(*again), printed);
    ASSERT_EQ(again->sections[0].allocations.size(), parsed->sections[0].allocations.size());
    for (size_t a = 0; a < parsed->sections[0].allocations.size(); ++a) {
      const Allocation& left = parsed->sections[0].allocations[a];
      const Allocation& right = again->sections[0].allocations[a];
      EXPECT_EQ(left.quota.bytes, right.quota.bytes);
      EXPECT_DOUBLE_EQ(left.quota.value, right.quota.value);
      EXPECT_EQ(left.position, right.position);
      EXPECT_EQ(left.device.name, right.device.name);
    }
  }
}

}  // namespace
}  // namespace hanga::placement
