// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The real checkpoints' keys and shapes, from tests/golden/keys: no weights are needed to know that
// they would load.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_join.h"
#include "worker/models/autoencoder.h"
#include "worker/models/clip.h"
#include "worker/models/flux.h"
#include "worker/models/sd3.h"
#include "worker/models/t5.h"
#include "worker/models/unet.h"

namespace hanga {
namespace {

using Keys = std::map<std::string, std::string>;  // key -> "3072x64"

Keys ReadKeys(const std::string& name) {
  std::ifstream file(std::string(HANGA_SOURCE_DIR) + "/tests/golden/keys/" + name + ".keys");
  Keys keys;
  for (std::string key, shape; file >> key >> shape;) keys[key] = shape;
  return keys;
}

struct Declared {
  Keys keys;
  size_t slots = 0;
  int64_t parameters = 0;
};

Declared Declare(const std::vector<std::vector<BlockWeights*>>& lists) {
  Declared declared;
  for (const auto& blocks : lists) {
    for (const BlockWeights* block : blocks) {
      for (const Slot& slot : block->slots) {
        declared.keys[slot.key] = absl::StrJoin(slot.shape, "x");
        declared.parameters += slot.Elements();
        ++declared.slots;
      }
    }
  }
  return declared;
}

TEST(KeysTest, FluxDevHasItsCheckpointsKeysAndParameters) {
  const auto conditioning = MakeFluxConditioning({});
  const auto blocks = MakeFlux({});
  const Declared flux = Declare({conditioning.Weights(), blocks.Weights()});
  EXPECT_EQ(flux.keys, ReadKeys("flux_dev"));
  EXPECT_EQ(flux.slots, 780);
  EXPECT_EQ(flux.parameters, 11'901'408'320);
  EXPECT_EQ(blocks.size(), 60);
}

TEST(KeysTest, FluxSchnellHasItsCheckpointsKeysAndParameters) {
  FluxParams p;
  p.guidance = false;
  const auto conditioning = MakeFluxConditioning(p);
  const auto blocks = MakeFlux(p);
  const Declared flux = Declare({conditioning.Weights(), blocks.Weights()});
  EXPECT_EQ(flux.keys, ReadKeys("flux_schnell"));
  EXPECT_EQ(flux.parameters, 11'891'178'560);
}

TEST(KeysTest, TextEncodersHaveTheirCheckpointsKeysAndParameters) {
  const auto clip_l = MakeClip({});
  EXPECT_EQ(Declare({clip_l.Weights()}).keys, ReadKeys("clip_l"));
  EXPECT_EQ(Declare({clip_l.Weights()}).parameters, 123'060'480);

  ClipParams g;
  g.hidden = 1280, g.intermediate = 5120, g.heads = 20, g.layers = 32, g.projection_dim = 1280;
  const auto clip_g = MakeClip(g);
  EXPECT_EQ(Declare({clip_g.Weights()}).keys, ReadKeys("clip_g"));
  EXPECT_EQ(Declare({clip_g.Weights()}).parameters, 694'659'840);

  const auto t5 = MakeT5Encoder({});
  EXPECT_EQ(Declare({t5.Weights()}).keys, ReadKeys("t5_xxl"));
  EXPECT_EQ(Declare({t5.Weights()}).parameters, 4'762'310'656);
}

TEST(KeysTest, AutoencodersHaveTheirCheckpointsKeysAndParameters) {
  const auto encoder = MakeEncoder({}), decoder = MakeDecoder({});
  const Declared flux = Declare({encoder.Weights(), decoder.Weights()});
  EXPECT_EQ(flux.keys, ReadKeys("autoencoder_flux"));
  EXPECT_EQ(flux.parameters, 83'819'683);

  AutoencoderParams sd;
  sd.latent_channels = 4;
  sd.quant_conv = sd.post_quant_conv = true;
  const auto sd_encoder = MakeEncoder(sd), sd_decoder = MakeDecoder(sd);
  const Declared stable_diffusion = Declare({sd_encoder.Weights(), sd_decoder.Weights()});
  EXPECT_EQ(stable_diffusion.keys, ReadKeys("autoencoder_sd"));
  EXPECT_EQ(stable_diffusion.parameters, 83'653'863);
}

UnetParams Sdxl() {
  UnetParams p;
  p.channels = {320, 640, 1280}, p.depths = {0, 2, 10}, p.heads = {5, 10, 20};
  p.mid_depth = 10, p.text_dim = 2048, p.linear_projections = true, p.added_dim = 2816;
  return p;
}

TEST(KeysTest, UnetsHaveTheirCheckpointsKeysAndParameters) {
  const auto sd15 = MakeUnet({});
  EXPECT_EQ(Declare({sd15.Weights()}).keys, ReadKeys("unet_sd15"));
  EXPECT_EQ(Declare({sd15.Weights()}).slots, 686);
  EXPECT_EQ(Declare({sd15.Weights()}).parameters, 859'520'964);

  UnetParams sd21;
  sd21.heads = {5, 10, 20, 20}, sd21.text_dim = 1024, sd21.linear_projections = true;
  EXPECT_EQ(Declare({MakeUnet(sd21).Weights()}).parameters, 865'910'724);

  const auto sdxl = MakeUnet(Sdxl());
  EXPECT_EQ(Declare({sdxl.Weights()}).keys, ReadKeys("unet_sdxl"));
  EXPECT_EQ(Declare({sdxl.Weights()}).slots, 1'680);
  EXPECT_EQ(Declare({sdxl.Weights()}).parameters, 2'567'463'684);

  UnetParams inpainting;
  inpainting.in_channels = 9;
  EXPECT_EQ(Declare({MakeUnet(inpainting).Weights()}).parameters, 859'520'964 + 5 * 320 * 9);
}

TEST(KeysTest, Sd3TransformersHaveTheirCheckpointsParameters) {
  EXPECT_EQ(Declare({MakeSd3({}).Weights()}).parameters, 2'084'951'104);
  Sd3Params medium;
  medium.position_side = 384, medium.qk_norm = true, medium.dual_layers = 13;
  EXPECT_EQ(Declare({MakeSd3(medium).Weights()}).parameters, 2'469'663'936);
  Sd3Params large;
  large.layers = large.heads = 38, large.qk_norm = true;
  EXPECT_EQ(Declare({MakeSd3(large).Weights()}).parameters, 8'146'280'768);
}

TEST(KeysTest, BlockNamesAreUniqueAndNotEmpty) {
  std::set<std::string> names;
  const auto conditioning = MakeFluxConditioning({});
  const auto blocks = MakeFlux({});
  for (const BlockWeights* block : WeightsOf(conditioning, blocks)) {
    EXPECT_FALSE(block->name.empty());
    EXPECT_TRUE(names.insert(block->name).second) << block->name;
  }
  names.clear();
  const auto unet = MakeUnet(Sdxl());
  for (const BlockWeights* block : unet.Weights()) {
    EXPECT_TRUE(!block->name.empty() && names.insert(block->name).second) << block->name;
  }
}

}  // namespace
}  // namespace hanga
