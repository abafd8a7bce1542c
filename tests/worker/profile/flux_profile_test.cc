// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/flux_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "placement/planner.h"

namespace hanga {
namespace {

using placement::BlockProfile;
using placement::ModelProfile;
using placement::Phase;

uint64_t WeightsOf(const ModelProfile& profile, const std::string& component) {
  uint64_t bytes = 0;
  for (const BlockProfile& block : profile.blocks) {
    if (block.component == component) bytes += block.stored_bytes;
  }
  return bytes;
}

const BlockProfile& BlockOf(const ModelProfile& profile, const std::string& component,
                            const std::string& name) {
  for (const BlockProfile& block : profile.blocks) {
    if (block.component == component && block.name == name) return block;
  }
  throw std::runtime_error("no block " + name);
}

TEST(FluxProfileTest, IsValidAndParsesBack) {
  const ModelProfile profile = ProfileFlux("FLUX.1-dev", {}, {});
  EXPECT_TRUE(placement::Validate(profile).ok()) << placement::Validate(profile);
  EXPECT_TRUE(placement::ParseProfile(placement::PrintProfile(profile)).ok());
}

TEST(FluxProfileTest, HasTheBytesOfEveryWeightAndLittleMore) {
  const ModelProfile profile = ProfileFlux("FLUX.1-dev", {}, {});
  const uint64_t flux = WeightsOf(profile, "transformer") + WeightsOf(profile, "conditioning");
  EXPECT_GE(flux, 2 * uint64_t{11901408320});
  EXPECT_LT(flux, 2 * uint64_t{11901408320} * 1.0001);  // alignment
  EXPECT_NEAR(WeightsOf(profile, "text_encoder_2"), 2 * 4762310656.0, 1e7);
}

TEST(FluxProfileTest, LargeBlocksTakeWholePiecesOfADevice) {
  for (const BlockProfile& block : ProfileFlux("FLUX.1-dev", {}, {}).blocks) {
    EXPECT_GE(block.run_bytes, block.stored_bytes);
    EXPECT_LT(block.run_bytes - block.stored_bytes, uint64_t{2} << 20);
    if (block.stored_bytes > uint64_t{10} << 20) {
      EXPECT_EQ(block.run_bytes % (uint64_t{2} << 20), 0) << block.name;
    }
  }
}

TEST(FluxProfileTest, BlocksInEightBitsAreHalfAsLargeAndFaster) {
  Workload work;
  const ModelProfile plain = ProfileFlux("FLUX.1-dev", {}, work);
  work.fp8_weights = true;
  const ModelProfile fp8 = ProfileFlux("FLUX.1-dev", {}, work);
  EXPECT_NEAR(static_cast<double>(WeightsOf(fp8, "transformer")),
              0.5 * static_cast<double>(WeightsOf(plain, "transformer")), 3e7);  // scales, ends
  EXPECT_EQ(WeightsOf(fp8, "text_encoder_2"), WeightsOf(plain, "text_encoder_2"));
  EXPECT_EQ(BlockOf(fp8, "transformer", "single_blocks.5").precision, placement::Precision::kFp8);
  EXPECT_EQ(BlockOf(fp8, "transformer", "prelude").precision, placement::Precision::kFp16);
  EXPECT_EQ(BlockOf(fp8, "conditioning", "embedding").precision, placement::Precision::kFp16);
}

TEST(FluxProfileTest, CountsTheArithmeticOfABlockAtItsTokens) {
  const ModelProfile profile = ProfileFlux("FLUX.1-dev", {}, {});
  const double tokens = 4096 + 512, hidden = 3072;
  const BlockProfile& single = BlockOf(profile, "transformer", "single_blocks.5");
  EXPECT_DOUBLE_EQ(single.linear_flops, 2 * tokens * 12 * hidden * hidden);
  EXPECT_DOUBLE_EQ(single.attention_flops, 4 * tokens * tokens * hidden);
  const BlockProfile& both = BlockOf(profile, "transformer", "double_blocks.0");
  EXPECT_DOUBLE_EQ(both.linear_flops, 2 * tokens * 12 * hidden * hidden);
  EXPECT_EQ(BlockOf(profile, "vae", "encoder.mid_block").linear_flops, 0);
  EXPECT_GT(BlockOf(profile, "vae", "decoder.up_blocks.3").linear_flops, 1e12);
}

TEST(FluxProfileTest, GrowsWithThePicture) {
  const ModelProfile small = ProfileFlux("m", {}, {.width = 512, .height = 512});
  const ModelProfile large = ProfileFlux("m", {}, {.width = 1024, .height = 1024});
  for (size_t i = 0; i < small.blocks.size(); ++i) {
    EXPECT_EQ(small.blocks[i].run_bytes, large.blocks[i].run_bytes);
    EXPECT_LE(small.blocks[i].activation_bytes, large.blocks[i].activation_bytes);
  }
}

TEST(FluxProfileTest, IsPlannedOntoACardThatItDoesNotFit) {
  const ModelProfile profile = ProfileFlux("FLUX.1-dev", {}, {});
  placement::Topology topology = placement::VirtualCpuTopology(1, uint64_t{12} << 30);
  topology.host.total_bytes = topology.host.free_bytes = uint64_t{64} << 30;
  const auto plan = placement::MakePlan(profile, topology, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_GT(plan->groups[0].ranks[0].streamed_bytes, uint64_t{5} << 30);
  EXPECT_LE(plan->groups[0].ranks[0].peak_bytes, uint64_t{12} << 30);
}

}  // namespace
}  // namespace hanga
