// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/latent_profile.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/worker/models/tiny_models.h"
#include "worker/profile/unet_profile.h"

namespace hanga {
namespace {

using placement::BlockProfile;
using placement::ModelProfile;
using placement::Phase;

template <typename State>
uint64_t BytesOf(State& state) {
  uint64_t bytes = 0;
  state.ForEachTensor([&](at::Tensor& t) { bytes += t.defined() ? t.nbytes() : 0; });
  return bytes;
}

UnetParams Sdxl() {
  UnetParams p;
  p.channels = {320, 640, 1280}, p.depths = {0, 2, 10}, p.heads = {5, 10, 20};
  p.mid_depth = 10, p.text_dim = 2048, p.linear_projections = true, p.added_dim = 2816;
  return p;
}

TEST(LatentProfileTest, WhatCrossesAUnetsBoundaryIsWhatItsStateHolds) {
  for (const bool xl : {false, true}) {
    const UnetParams p = testing::TinyUnet(xl);
    const auto blocks = MakeUnet(p);
    testing::FillRandomly(blocks.Weights());
    UnetState state = testing::UnetInputs(p, 2);
    std::vector<BlockProfile> profile;
    AppendUnet(p, {7, 6, 2, 5, at::kFloat}, &profile);
    ASSERT_EQ(profile.size(), blocks.size());
    for (size_t i = 0; i + 1 < blocks.size(); ++i) {
      blocks[i].run(state);
      EXPECT_EQ(profile[i].name, blocks[i].name);
      EXPECT_EQ(profile[i].boundary_bytes, BytesOf(state)) << blocks[i].name;
      EXPECT_GE(profile[i].activation_bytes, profile[i].boundary_bytes / 2) << blocks[i].name;
    }
  }
}

TEST(LatentProfileTest, WhatCrossesSd3sBoundariesIsWhatItsStateHolds) {
  const Sd3Params p = testing::TinySd3(true);
  const auto blocks = MakeSd3(p);
  testing::FillRandomly(blocks.Weights());
  Sd3State state = testing::Sd3Inputs(p, 1);
  LatentArchitecture model;
  model.sd3 = p;
  model.vae = testing::TinyAutoencoder(false);  // a pixel is an eighth, or here a quarter
  ClipParams clip = testing::TinyClip(0);
  clip.positions = 3;
  model.clips = {clip};
  LatentWorkload work;
  const auto factor = static_cast<int>(model.vae.factor());
  work.width = 6 * factor, work.height = 8 * factor, work.batch = 1, work.t5_tokens = 2;
  work.type = work.vae_type = at::kFloat;
  const ModelProfile profile = ProfileLatent("tiny", model, work);
  size_t at = 0;
  while (profile.blocks[at].component != "transformer") ++at;
  for (size_t i = 0; i + 2 < blocks.size(); ++i) {
    blocks[i].run(state);
    EXPECT_EQ(profile.blocks[at + i].boundary_bytes, BytesOf(state)) << blocks[i].name;
  }
}

// 2.57 billion parameters and 2 x 2.99 tera-operations an evaluation, as published; attention is
// not counted there.
TEST(LatentProfileTest, SdxlCostsWhatIsKnownOfIt) {
  std::vector<BlockProfile> unet;
  AppendUnet(Sdxl(), {128, 128, 1, 77, at::kBFloat16}, &unet);
  double operations = 0, attention = 0;
  uint64_t bytes = 0;
  for (const BlockProfile& block : unet) {
    operations += block.linear_flops;
    attention += block.attention_flops;
    bytes += block.stored_bytes;
    EXPECT_EQ(block.phase, Phase::kDenoiser);
  }
  EXPECT_NEAR(operations / 1e12, 5.98, 0.02);
  EXPECT_NEAR(attention / 1e12, 0.78, 0.01);
  EXPECT_NEAR(static_cast<double>(bytes) / 1e9, 2 * 2.567, 0.01);
}

TEST(LatentProfileTest, ComponentsFollowEachOtherAsTheyRun) {
  LatentArchitecture model;
  model.unet = testing::TinyUnet(true);
  model.clips = {testing::TinyClip(0), testing::TinyClip(6)};
  model.vae = testing::TinyAutoencoder(true);
  LatentWorkload work;
  work.width = work.height = 64;
  const ModelProfile profile = ProfileLatent("tiny", model, work);
  std::vector<std::string> components;
  for (const BlockProfile& block : profile.blocks) {
    if (components.empty() || components.back() != block.component) {
      components.push_back(block.component);
    }
  }
  EXPECT_EQ(components,
            (std::vector<std::string>{"text_encoder", "text_encoder_2", "unet", "vae"}));
  EXPECT_TRUE(placement::Validate(profile).ok());
}

}  // namespace
}  // namespace hanga
