// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/adapter_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hanga::cli {
namespace {

using testing::HasSubstr;

// What the flags make of a request; files are "stored" under their path.
absl::StatusOr<v1::GenerationSpec> Filled(const AdapterFlags& flags) {
  v1::GenerationSpec spec;
  const auto store = [](const std::string&, const std::string& path) {
    v1::BlobRef blob;
    blob.set_sha256("of " + path);
    return absl::StatusOr<v1::BlobRef>(blob);
  };
  const absl::Status filled = flags.Fill(store, spec);
  if (!filled.ok()) return filled;
  return spec;
}

TEST(AdapterFlagsTest, TakesNamesAndFilesWithAndWithoutWeights) {
  AdapterFlags flags;
  flags.loras = {"style:0.8", "detail", "mine.safetensors:-1"};
  const auto spec = Filled(flags);
  ASSERT_TRUE(spec.ok()) << spec.status();
  ASSERT_EQ(spec->loras_size(), 3);
  EXPECT_EQ(spec->loras(0).name(), "style");
  EXPECT_EQ(spec->loras(0).weight(), 0.8);
  EXPECT_EQ(spec->loras(1).name(), "detail");
  EXPECT_FALSE(spec->loras(1).has_weight());
  EXPECT_EQ(spec->loras(2).file().sha256(), "of mine.safetensors");
  EXPECT_TRUE(spec->loras(2).name().empty());
  EXPECT_EQ(spec->loras(2).weight(), -1);
}

TEST(AdapterFlagsTest, TakesWordsThatVectorsStandFor) {
  AdapterFlags flags;
  flags.embeddings = {"<cat>=toy", "sks=dir/sks.safetensors"};
  const auto spec = Filled(flags);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->embeddings(0).token(), "<cat>");
  EXPECT_EQ(spec->embeddings(0).name(), "toy");
  EXPECT_EQ(spec->embeddings(1).file().sha256(), "of dir/sks.safetensors");
}

TEST(AdapterFlagsTest, NamesTheFlagOfWhatItCannotRead) {
  for (const char* bad : {"style:strong", ":1", ""}) {
    AdapterFlags flags;
    flags.loras = {bad};
    EXPECT_THAT(std::string(Filled(flags).status().message()), HasSubstr("--lora: ")) << bad;
  }
  AdapterFlags flags;
  flags.embeddings = {"cat"};
  EXPECT_THAT(std::string(Filled(flags).status().message()), HasSubstr("--embedding: "));
}

}  // namespace
}  // namespace hanga::cli
