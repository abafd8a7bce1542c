// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

#include "worker/models/autoencoder.h"
#include "worker/models/clip.h"
#include "worker/models/flux.h"
#include "worker/models/sd3.h"
#include "worker/models/t5.h"
#include "worker/models/unet.h"

namespace hanga {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json GoldenConfig(const std::string& component) {
  std::ifstream file(std::string(HANGA_SOURCE_DIR) + "/tests/golden/models/" + component +
                     "/config.json");
  return json::parse(file);
}

template <typename Parse>
std::string Refusal(Parse parse, json config, const std::string& field, const json& value) {
  config[field] = value;
  const auto params = parse(config);
  EXPECT_FALSE(params.ok()) << field << " = " << value;
  EXPECT_EQ(params.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(params.status().message());
}

TEST(FluxConfigTest, ReadsADiffusersConfig) {
  const auto p = ParseFluxConfig(GoldenConfig("flux_dev/transformer"));
  ASSERT_TRUE(p.ok()) << p.status();
  EXPECT_EQ(p->hidden, 48);
  EXPECT_EQ(p->heads, 2);
  EXPECT_EQ(p->out_channels, 64);  // null: as in_channels
  EXPECT_EQ(p->rope_axes, (std::vector<int64_t>{4, 10, 10}));
  EXPECT_TRUE(p->guidance);
  EXPECT_FALSE(ParseFluxConfig(GoldenConfig("flux_schnell/transformer"))->guidance);
}

TEST(FluxConfigTest, NamesTheFieldThatIsWrong) {
  const json config = GoldenConfig("flux_dev/transformer");
  EXPECT_THAT(Refusal(ParseFluxConfig, config, "num_layers", -3),
              HasSubstr("num_layers is -3; it must be an integer from 0 to 1000"));
  EXPECT_THAT(Refusal(ParseFluxConfig, config, "num_attention_heads", 18446744073709551615u),
              HasSubstr("num_attention_heads is 18446744073709551615"));
  EXPECT_THAT(Refusal(ParseFluxConfig, config, "guidance_embeds", "yes"),
              HasSubstr("guidance_embeds is \"yes\"; it must be true or false"));
  EXPECT_THAT(Refusal(ParseFluxConfig, config, "axes_dims_rope", {4, 10, 12}),
              HasSubstr("axes_dims_rope is [4,10,12]"));
  EXPECT_THAT(Refusal(ParseFluxConfig, config, "axes_dims_rope", {3, 11, 10}), HasSubstr("even"));
  EXPECT_THAT(Refusal(ParseFluxConfig, config, "patch_size", 2), HasSubstr("patch_size is 2"));
  EXPECT_THAT(Refusal(ParseFluxConfig, config, "_class_name", "SD3Transformer2DModel"),
              HasSubstr("_class_name"));
  EXPECT_FALSE(ParseFluxConfig(json::array()).ok());
}

TEST(ClipConfigTest, KnowsProjectionsByTheArchitecture) {
  EXPECT_EQ(ParseClipConfig(GoldenConfig("flux_dev/text_encoder"))->projection_dim, 0);
  const auto g = ParseClipConfig(GoldenConfig("sdxl/text_encoder_2"));
  ASSERT_TRUE(g.ok()) << g.status();
  EXPECT_EQ(g->projection_dim, 40);
  EXPECT_EQ(g->activation, ClipParams::Activation::kGelu);
}

TEST(ClipConfigTest, NamesTheFieldThatIsWrong) {
  const json config = GoldenConfig("flux_dev/text_encoder");
  EXPECT_THAT(Refusal(ParseClipConfig, config, "hidden_act", "relu"),
              HasSubstr("hidden_act is \"relu\"; it must be quick_gelu or gelu"));
  EXPECT_THAT(Refusal(ParseClipConfig, config, "num_attention_heads", 5),
              HasSubstr("a divisor of hidden_size"));
  EXPECT_THAT(Refusal(ParseClipConfig, config, "layer_norm_eps", "tiny"),
              HasSubstr("layer_norm_eps"));
}

TEST(T5ConfigTest, RefusesAnotherFeedForward) {
  const json config = GoldenConfig("flux_dev/text_encoder_2");
  ASSERT_TRUE(ParseT5Config(config).ok());
  EXPECT_THAT(Refusal(ParseT5Config, config, "feed_forward_proj", "relu"),
              HasSubstr("feed_forward_proj is \"relu\""));
  EXPECT_THAT(Refusal(ParseT5Config, config, "feed_forward_proj", nullptr),
              HasSubstr("feed_forward_proj is null"));
  EXPECT_THAT(Refusal(ParseT5Config, config, "relative_attention_num_buckets", 30),
              HasSubstr("a multiple of 4"));
}

TEST(AutoencoderConfigTest, ReadsScaleShiftAndConvolutions) {
  const auto flux = ParseAutoencoderConfig(GoldenConfig("flux_dev/vae"));
  ASSERT_TRUE(flux.ok()) << flux.status();
  EXPECT_FALSE(flux->quant_conv || flux->post_quant_conv);
  EXPECT_DOUBLE_EQ(flux->shift_factor, 0.1159);
  EXPECT_EQ(flux->factor(), 8);
  const auto sd = ParseAutoencoderConfig(GoldenConfig("sd15/vae"));
  ASSERT_TRUE(sd.ok()) << sd.status();
  EXPECT_TRUE(sd->quant_conv && sd->post_quant_conv);
  EXPECT_EQ(sd->shift_factor, 0);  // null
}

TEST(AutoencoderConfigTest, NamesTheFieldThatIsWrong) {
  const json config = GoldenConfig("flux_dev/vae");
  EXPECT_THAT(Refusal(ParseAutoencoderConfig, config, "norm_num_groups", 5),
              HasSubstr("norm_num_groups is 5"));
  EXPECT_THAT(Refusal(ParseAutoencoderConfig, config, "block_out_channels", json::array()),
              HasSubstr("an array of 1 to 8"));
  EXPECT_THAT(Refusal(ParseAutoencoderConfig, config, "latents_mean", {0.0}),
              HasSubstr("latents_mean"));
  EXPECT_THAT(Refusal(ParseAutoencoderConfig, config, "down_block_types", {"DownBlock2D"}),
              HasSubstr("DownEncoderBlock2D"));
  EXPECT_THAT(Refusal(ParseAutoencoderConfig, config, "scaling_factor", 0),
              HasSubstr("scaling_factor is 0"));
}

TEST(UnetConfigTest, ReadsDiffusersConfigs) {
  const auto sd15 = ParseUnetConfig(GoldenConfig("sd15/unet"));
  ASSERT_TRUE(sd15.ok()) << sd15.status();
  EXPECT_EQ(sd15->depths, (std::vector<int64_t>{1, 1, 1, 0}));
  EXPECT_EQ(sd15->heads, (std::vector<int64_t>{2, 2, 2, 2}));
  EXPECT_EQ(sd15->added_dim, 0);
  const auto sdxl = ParseUnetConfig(GoldenConfig("sdxl/unet"));
  ASSERT_TRUE(sdxl.ok()) << sdxl.status();
  EXPECT_EQ(sdxl->depths, (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(sdxl->heads, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(sdxl->mid_depth, 3);
  EXPECT_TRUE(sdxl->linear_projections);
}

TEST(UnetConfigTest, NamesTheFieldThatIsWrong) {
  const json config = GoldenConfig("sdxl/unet");
  const std::pair<const char*, json> faults[] = {
      {"class_embed_type", "timestep"},
      {"down_block_types", {"DownBlock2D", "AttnDownBlock2D", "CrossAttnDownBlock2D"}},
      {"up_block_types", {"UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"}},
      {"transformer_layers_per_block", {1, 2}},
      {"attention_head_dim", 5},
      {"norm_num_groups", 7},
      {"layers_per_block", 12},
      {"addition_embed_type", "image"},
      {"resnet_time_scale_shift", "scale_shift"}};
  for (const auto& [field, value] : faults)
    EXPECT_THAT(Refusal(ParseUnetConfig, config, field, value), HasSubstr(field));
}

TEST(Sd3ConfigTest, ReadsDiffusersConfigs) {
  const auto medium = ParseSd3Config(GoldenConfig("sd3/transformer"));
  ASSERT_TRUE(medium.ok()) << medium.status();
  EXPECT_FALSE(medium->qk_norm);
  EXPECT_EQ(medium->dual_layers, 0);
  const auto later = ParseSd3Config(GoldenConfig("sd35/transformer"));
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_TRUE(later->qk_norm);
  EXPECT_EQ(later->dual_layers, 2);
}

TEST(Sd3ConfigTest, NamesTheFieldThatIsWrong) {
  const json config = GoldenConfig("sd35/transformer");
  for (const auto& [field, value] : {std::pair<const char*, json>{"qk_norm", "layer_norm"},
                                     {"dual_attention_layers", {0, 2}},
                                     {"caption_projection_dim", 99},
                                     {"num_layers", 0}})
    EXPECT_THAT(Refusal(ParseSd3Config, config, field, value), HasSubstr(field));
}

}  // namespace
}  // namespace hanga
