// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/worker/weights/safetensors_file.h"

namespace hanga {
namespace {

using testing::HasSubstr;

constexpr char kIndex[] = "model.safetensors.index.json";

std::string OneTensor(const std::string& key) { return SafetensorsBytes({{key, "U8", {1}, "x"}}); }

// Two shards with one key each, and the index that the test writes.
class ShardsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.Write("one.safetensors", OneTensor("a"));
    folder_.Write("two.safetensors", OneTensor("b"));
  }
  // The message for an index with this weight_map; empty if it is accepted.
  std::string Fault(const std::string& weight_map) {
    folder_.Write(kIndex, "{\"metadata\":{\"total_size\":2},\"weight_map\":" + weight_map + "}");
    return std::string(OpenCheckpoint(folder_.path()).status().message());
  }

  TemporaryFolder folder_;
};

TEST(CheckpointTest, OpensASingleFile) {
  const auto source = OpenCheckpoint(GoldenModel("flux_dev/flux1-dev.safetensors"));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE(source->Has("double_blocks.1.img_attn.qkv.weight"));
}

TEST(CheckpointTest, OpensAShardedComponent) {
  const auto files = FindCheckpoint(GoldenModel("flux_dev/transformer"));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->shards.size(), 2u);
  const auto source = OpenCheckpoint(GoldenModel("flux_dev/transformer"));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE(source->Has("context_embedder.bias"));  // of the first shard
  EXPECT_TRUE(source->Has("proj_out.weight"));        // of the second
}

TEST(CheckpointTest, PrefersFullWeightsToVariants) {
  const TemporaryFolder folder;
  const auto key = [&] {
    const auto source = OpenCheckpoint(folder.path());
    return source.ok() ? source->tensors().begin()->first : std::string(source.status().message());
  };
  EXPECT_THAT(key(), HasSubstr("holds neither"));
  folder.Write("model.bf16.safetensors", OneTensor("bf16"));
  EXPECT_EQ(key(), "bf16");
  folder.Write("model.fp16-00001-of-00001.safetensors", OneTensor("fp16"));
  folder.Write("model.safetensors.index.fp16.json",
               R"({"weight_map":{"fp16":"model.fp16-00001-of-00001.safetensors"}})");
  EXPECT_EQ(key(), "fp16");
  folder.Write("model.safetensors", OneTensor("full"));
  EXPECT_EQ(key(), "full");
  folder.Write("diffusion_pytorch_model.safetensors", OneTensor("diffusion"));
  EXPECT_EQ(key(), "diffusion");
}

TEST(CheckpointTest, SaysWhatIsMissingWithoutTheFolder) {
  const TemporaryFolder folder;
  const auto status = OpenCheckpoint(folder.path() + "/nothing").status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(status.message(), "nothing: there is no such file or folder");
}

TEST_F(ShardsTest, GathersThem) {
  EXPECT_EQ(Fault(R"({"a":"one.safetensors","b":"two.safetensors"})"), "");
}

TEST_F(ShardsTest, NamesMissingShards) {
  EXPECT_THAT(Fault(R"({"a":"one.safetensors","b":"three.safetensors"})"),
              HasSubstr("1 missing shard: 'three.safetensors'"));
  EXPECT_TRUE(absl::IsNotFound(OpenCheckpoint(folder_.path()).status()));
}

TEST_F(ShardsTest, NamesKeysInTheWrongShard) {
  EXPECT_THAT(Fault(R"({"a":"two.safetensors","b":"one.safetensors"})"),
              HasSubstr("2 misplaced keys: 'a' is in one.safetensors, not in two.safetensors"));
}

TEST_F(ShardsTest, NamesKeysThatOnlyTheIndexHas) {
  EXPECT_THAT(Fault(R"({"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors"})"),
              HasSubstr("1 missing key: 'c' in two.safetensors"));
}

TEST_F(ShardsTest, NamesKeysThatTheIndexLacks) {
  folder_.Write("two.safetensors",
                SafetensorsBytes({{"b", "U8", {1}, "x"}, {"c", "U8", {1}, "x"}}));
  EXPECT_THAT(Fault(R"({"a":"one.safetensors","b":"two.safetensors"})"),
              HasSubstr("1 unlisted key: 'c' in two.safetensors"));
}

TEST_F(ShardsTest, RefusesNamesThatArePaths) {
  for (const char* name : {"../one.safetensors", "/etc/one.safetensors", "sub/one.safetensors",
                           "..", "", "one.safetensors/", ".safetensors", "..\\\\one.safetensors",
                           "one.bin", "one\\u0000.safetensors"}) {
    EXPECT_THAT(Fault("{\"a\":\"" + std::string(name) + "\"}"), HasSubstr("plain name")) << name;
  }
}

TEST_F(ShardsTest, RefusesMalformedIndexes) {
  EXPECT_THAT(Fault("{}"), HasSubstr("empty"));
  EXPECT_THAT(Fault("[]"), HasSubstr("no weight_map"));
  EXPECT_THAT(Fault(R"({"a":1})"), HasSubstr("plain name"));
  EXPECT_THAT(Fault(R"({"a":"one.safetensors","a":"two.safetensors"})"),
              HasSubstr("'a' comes twice"));
  EXPECT_THAT(Fault("{"), HasSubstr("not JSON"));
  EXPECT_THAT(Fault(std::string("{}\0", 3)), HasSubstr("not JSON"));
  EXPECT_THAT(Fault(std::string(100'000, '[')), HasSubstr("not JSON"));
}

TEST_F(ShardsTest, ReportsADamagedShard) {
  folder_.Write("two.safetensors", OneTensor("b") + "y");
  EXPECT_THAT(Fault(R"({"a":"one.safetensors","b":"two.safetensors"})"),
              HasSubstr("two.safetensors: the last 1 bytes"));
}

}  // namespace
}  // namespace hanga
