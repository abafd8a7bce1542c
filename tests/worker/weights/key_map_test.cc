// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/key_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/worker/weights/safetensors_file.h"

namespace hanga {
namespace {

using testing::HasSubstr;

KeyMap MapWith(std::vector<KeyRule> rules) {
  return {.name = "test", .prefixes = {""}, .signature = {}, .rules = std::move(rules)};
}

TestTensor Bytes(const std::string& key, const std::string& data) {
  return {key, "U8", {static_cast<int64_t>(data.size())}, data};
}

// "key=bytes" for every mapped tensor, in order; or the error.
std::string Mapped(std::vector<KeyRule> rules, const std::vector<TestTensor>& tensors,
                   const std::string& prefix = "") {
  const auto source = ApplyKeyMap(MapWith(std::move(rules)), prefix, MakeSource(tensors));
  if (!source.ok()) return std::string(source.status().message());
  std::string text;
  for (const auto& [key, tensor] : source->tensors()) {
    text += (text.empty() ? "" : " ") + key + "=" + ReadBytes(tensor);
  }
  return text;
}

TEST(KeyMapTest, RenamesByPattern) {
  EXPECT_EQ(Mapped({{{"blocks.#.attn.*"}, {"b.#.a.*"}}},
                   {Bytes("blocks.12.attn.to.weight", "x"), Bytes("blocks.x.attn.w", "y"),
                    Bytes("blocks.1.attn.", "z"), Bytes("blocks.1234567.attn.w", "w")}),
            "b.12.a.to.weight=x blocks.1.attn.=z blocks.1234567.attn.w=w blocks.x.attn.w=y");
}

TEST(KeyMapTest, TakesTheFirstRuleThatMatches) {
  EXPECT_EQ(Mapped({{{"a.special"}, {"s"}}, {{"a.*"}, {"b.*"}}},
                   {Bytes("a.special", "1"), Bytes("a.other", "2")}),
            "b.other=2 s=1");
}

TEST(KeyMapTest, JoinsInTheRulesOrder) {
  const KeyRule join{{"q.*", "k.*", "v.*"}, {"qkv.*"}};
  EXPECT_EQ(Mapped({join}, {Bytes("v.w", "5"), Bytes("q.w", "12"), Bytes("k.w", "34")}),
            "qkv.w=12345");
  EXPECT_EQ(Mapped({join}, {Bytes("q.w", "12"), Bytes("v.w", "5")}), "missing key: 'k.w'");
  EXPECT_THAT(Mapped({join}, {Bytes("q.w", "1"), Bytes("k.w", "2"), {"v.w", "I8", {1}, "3"}}),
              HasSubstr("'qkv.w': U8 [1] and I8 [1] cannot be joined"));
  EXPECT_THAT(Mapped({join}, {Bytes("q.w", "1"), Bytes("k.w", "2"), {"v.w", "U8", {1, 1}, "3"}}),
              HasSubstr("cannot be joined"));
  EXPECT_THAT(
      Mapped({join}, {{"q.w", "U8", {}, "1"}, {"k.w", "U8", {}, "1"}, {"v.w", "U8", {}, "1"}}),
      HasSubstr("cannot be joined"));
}

TEST(KeyMapTest, CutsIntoEqualParts) {
  const KeyRule cut{{"in_proj.*"}, {"q.*", "k.*", "v.*"}};
  EXPECT_EQ(Mapped({cut}, {Bytes("in_proj.w", "112233")}), "k.w=22 q.w=11 v.w=33");
  EXPECT_THAT(Mapped({cut}, {Bytes("in_proj.w", "1122")}),
              HasSubstr("'in_proj.w': U8 [4] cannot be cut into 3 equal parts"));
}

TEST(KeyMapTest, SwapsHalves) {
  const KeyRule swap{{"a"}, {"b"}, Change::kSwapHalves};
  EXPECT_EQ(Mapped({swap}, {Bytes("a", "1234")}), "b=3412");
  EXPECT_THAT(Mapped({swap}, {Bytes("a", "123")}), HasSubstr("cannot be cut into 2 equal parts"));
  EXPECT_THAT(Mapped({swap}, {{"a", "U8", {}, "1"}}), HasSubstr("cannot be cut"));
}

TEST(KeyMapTest, DropsUnitDimensions) {
  const KeyRule drop{{"*"}, {"*"}, Change::kDropUnitDims};
  const auto mapped = ApplyKeyMap(MapWith({drop}), "",
                                  MakeSource({{"a", "U8", {2, 1, 1, 1}, "xy"},
                                              {"b", "U8", {2}, "xy"},
                                              {"c", "U8", {1, 1, 2, 1}, "xy"}}));
  ASSERT_TRUE(mapped.ok());
  EXPECT_EQ(mapped->Find("a")->shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(mapped->Find("b")->shape, (std::vector<int64_t>{2}));
  EXPECT_EQ(mapped->Find("c")->shape, (std::vector<int64_t>{1, 1, 2}));
}

TEST(KeyMapTest, CountsIndicesDownFromTheLargestUnderTheSameName) {
  // The second rule never sees level 2, but counts from it all the same.
  EXPECT_EQ(
      Mapped({{{"up.#.block.#"}, {"ups.~.res.#"}}, {{"up.#.extra"}, {"ups.~.extra"}}},
             {Bytes("up.0.block.4", "a"), Bytes("up.2.block.5", "b"), Bytes("up.1.extra", "c")}),
      "ups.0.res.5=b ups.1.extra=c ups.2.res.4=a");
}

TEST(KeyMapTest, DropsKeysWithoutATarget) {
  EXPECT_EQ(Mapped({{{"loss.*"}, {}}}, {Bytes("loss.w", "1"), Bytes("w", "2")}), "w=2");
}

TEST(KeyMapTest, UsesADuplicateOnlyWhereItIsNeeded) {
  const KeyRule rule{{"embed"}, {"shared"}, Change::kIfAbsent};
  EXPECT_EQ(Mapped({rule}, {Bytes("embed", "1"), Bytes("shared", "2")}), "shared=2");
  EXPECT_EQ(Mapped({rule}, {Bytes("embed", "1")}), "shared=1");
}

TEST(KeyMapTest, RefusesTwoKeysWithTheSameName) {
  EXPECT_EQ(Mapped({{{"a"}, {"b"}}}, {Bytes("a", "1"), Bytes("b", "2")}),
            "'b': another key gives 'b' too");
}

TEST(KeyMapTest, LeavesOutWhatIsOutsideOfThePrefix) {
  EXPECT_EQ(Mapped({{{"a"}, {"b"}}},
                   {Bytes("vae.a", "1"), Bytes("vae.x", "2"), Bytes("vaf.a", "3"), Bytes("a", "4")},
                   "vae."),
            "b=1 x=2");
}

TEST(KeyMapTest, FindsTheLayoutByItsKeys) {
  const std::vector<KeyMap> maps{
      {.name = "one", .prefixes = {"", "model."}, .signature = {"a", "b"}, .rules = {}},
      {.name = "two", .prefixes = {""}, .signature = {"c"}, .rules = {{{"c"}, {"a"}}}}};
  const auto mapped = [&](const std::vector<TestTensor>& tensors) {
    return ApplyMatchingKeyMap(maps, MakeSource(tensors));
  };
  EXPECT_TRUE(mapped({Bytes("model.a", "1"), Bytes("model.b", "1")})->Has("a"));
  EXPECT_TRUE(mapped({Bytes("a", "1"), Bytes("c", "2")}).ok() == false);  // two keys named "a"
  EXPECT_TRUE(mapped({Bytes("c", "2")})->Has("a"));
  const auto neither = mapped({Bytes("a", "1"), Bytes("model.b", "1")});
  EXPECT_TRUE(absl::IsFailedPrecondition(neither.status()));
  EXPECT_EQ(neither.status().message(), "the keys are of none of these layouts: one, two");
}

}  // namespace
}  // namespace hanga
