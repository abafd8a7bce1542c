// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How layouts call a model's weights, and what is said of files that do not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/lora/adapted_unet.h"
#include "worker/lora/adapter_cache.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/weights/flux_key_maps.h"

namespace hanga {
namespace {

using testing::AdaptedUnet;
using testing::FileOf;
using ::testing::HasSubstr;
using testing::kToV;
using testing::Named;

ModuleNames FluxNames() {
  ModuleNames names;
  const NamedWeight weights[] = {{"double_blocks.3.img_attn.qkv.weight", {96, 32}},
                                 {"single_blocks.1.linear1.weight", {224, 32}},
                                 {"final_layer.adaLN_modulation.1.weight", {64, 32}},
                                 {"double_blocks.3.img_attn.norm.key_norm.scale", {16}}};
  names.Add("transformer", weights, FluxTransformerKeyMaps());
  return names;
}

TEST(ModuleNamesTest, KnowsAWeightInEveryLayout) {
  const ModuleNames names = FluxNames();
  for (const char* name :
       {"lora_unet_double_blocks_3_img_attn_qkv", "diffusion_model.double_blocks.3.img_attn.qkv",
        "double_blocks.3.img_attn.qkv", "transformer.double_blocks.3.img_attn.qkv"}) {
    const ModulePlace* place = names.Find(name);
    ASSERT_NE(place, nullptr) << name;
    EXPECT_EQ(place->weight.key, "double_blocks.3.img_attn.qkv.weight");
    EXPECT_EQ(place->first_row, 0);
    EXPECT_EQ(place->rows, 96);
  }
  EXPECT_NE(names.Find("double_blocks.3.img_attn.norm.key_norm.scale"), nullptr);
  EXPECT_EQ(names.Find("lora_unet_double_blocks_4_img_attn_qkv"), nullptr);
  EXPECT_EQ(names.Find("lora_te1_double_blocks_3_img_attn_qkv"), nullptr);
}

TEST(ModuleNamesTest, KnowsWhichRowsAPartOfAJoinedWeightIs) {
  const ModuleNames names = FluxNames();
  const ModulePlace* key = names.Find("transformer.transformer_blocks.3.attn.to_k");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->first_row, 32);
  EXPECT_EQ(key->rows, 32);
  const ModulePlace* mlp = names.Find("lora_transformer_single_transformer_blocks_1_proj_mlp");
  ASSERT_NE(mlp, nullptr);
  EXPECT_EQ(mlp->first_row, 96);
  EXPECT_EQ(mlp->rows, 128);
  const ModulePlace* last = names.Find("transformer.norm_out.linear");
  ASSERT_NE(last, nullptr);
  EXPECT_TRUE(last->swap_halves);
}

TEST(ModuleNamesTest, KnowsWhereALayoutHasTheHalvesTheOtherWayRound) {
  ModuleNames names;
  const NamedWeight weights[] = {
      {"joint_blocks.0.context_block.adaLN_modulation.1.weight", {96, 16}},
      {"joint_blocks.1.context_block.adaLN_modulation.1.weight", {32, 16}}};
  names.Add("transformer", weights, Sd3TransformerKeyMaps());
  EXPECT_FALSE(names.Find("transformer.transformer_blocks.0.norm1_context.linear")->swap_halves);
  EXPECT_TRUE(names.Find("transformer.transformer_blocks.1.norm1_context.linear")->swap_halves);
}

class AdapterErrorsTest : public ::testing::Test {
 protected:
  std::string ErrorOf(const Named& file) {
    const auto loaded = unet_.TryLoad(file);
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument) << loaded.status();
    return std::string(loaded.status().message());
  }
  static Named Pair(const std::string& module, int64_t rank_down, int64_t in, int64_t out,
                    int64_t rank_up) {
    return {{module + ".lora_down.weight", at::ones({rank_down, in})},
            {module + ".lora_up.weight", at::ones({out, rank_up})}};
  }

  AdaptedUnet unet_;
};

TEST_F(AdapterErrorsTest, SaysForWhichModelAnAdapterLooks) {
  EXPECT_THAT(ErrorOf(Pair("lora_unet_double_blocks_0_img_attn_qkv", 4, 3072, 9216, 4)),
              HasSubstr("it looks like an adapter for FLUX.1, the model is SDXL"));
  EXPECT_THAT(ErrorOf(Pair("lora_unet_joint_blocks_0_x_block_attn_qkv", 4, 1536, 4608, 4)),
              HasSubstr("an adapter for Stable Diffusion 3"));
  EXPECT_THAT(ErrorOf(Pair("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k",
                           4, 768, 320, 4)),
              HasSubstr("an adapter for Stable Diffusion 1, the model is SDXL"));
  EXPECT_THAT(ErrorOf(Pair("diffusion_model.blocks.0.cross_attn.k", 4, 5120, 5120, 4)),
              HasSubstr("an adapter for Wan"));
}

TEST_F(AdapterErrorsTest, TellsRanksAndWidthsThatDiffer) {
  EXPECT_THAT(ErrorOf(Pair(kToV, 4, 16, 16, 3)), HasSubstr("has matrices of ranks 4 and 3"));
  EXPECT_THAT(ErrorOf(Pair(kToV, 4, 24, 16, 4)),
              HasSubstr("changes a weight of 16 x 24, the model's has 16 x 16"));
  Named half = Pair(kToV, 4, 16, 16, 4);
  half.erase(kToV + ".lora_up.weight");
  EXPECT_THAT(ErrorOf(half), HasSubstr("lacks one of the matrices of its LoRA"));
  Named lengths = Pair(kToV, 4, 16, 16, 4);
  lengths[kToV + ".dora_scale"] = at::ones({9});
  EXPECT_THAT(ErrorOf(lengths), HasSubstr("has 9 lengths (DoRA)"));
}

TEST_F(AdapterErrorsTest, ListsKeysThatTheModelDoesNotHave) {
  Named file = Pair(kToV, 4, 16, 16, 4);
  file.merge(Pair("down_blocks.7.attentions.0.to_q", 4, 16, 16, 4));
  EXPECT_THAT(ErrorOf(file), HasSubstr("1 unknown module: 'down_blocks.7.attentions.0.to_q'"));
  EXPECT_THAT(ErrorOf({{kToV + ".oft_blocks", at::ones({4, 4})}}),
              HasSubstr("a kind of adapter that is not known"));
  EXPECT_THAT(ErrorOf({{kToV + ".weight", at::ones({16, 16})}}), HasSubstr("holds no adapter"));
}

// Whatever a file says, it is refused or read; nothing is read beyond its tensors.
TEST_F(AdapterErrorsTest, SurvivesEveryCombinationOfOddShapes) {
  const at::Tensor odd[] = {at::ones({}),     at::ones({0}),        at::ones({1}),
                            at::ones({16}),   at::ones({0, 16}),    at::ones({16, 0}),
                            at::ones({1, 1}), at::ones({2, 16, 1}), at::ones({16, 16, 3, 3})};
  const std::pair<const char*, const char*> roles[] = {{".lora_down.weight", ".lora_up.weight"},
                                                       {".lokr_w1", ".lokr_w2"},
                                                       {".diff", ".diff_b"},
                                                       {".hada_w1_a", ".dora_scale"}};
  for (const auto& [one, other] : roles) {
    for (const at::Tensor& a : odd) {
      for (const at::Tensor& b : odd) {
        const absl::Status survived = RunGuarded("test", [&] {
          const auto loaded = unet_.TryLoad({{kToV + one, a}, {kToV + other, b}});
          if (loaded.ok()) unet_.Run({{{*loaded, 1, 1}}});
        });
        EXPECT_TRUE(survived.ok()) << survived << a.sizes() << b.sizes();
      }
    }
  }
}

TEST(AdapterCacheTest, KeepsTheLastUsedWithinItsLimit) {
  AdaptedUnet unet;
  TemporaryFolder folder;
  int loads = 0;
  const auto write = [&](const std::string& name, double value) {
    return folder.Write(
        name + ".safetensors",
        SafetensorsBytes({testing::Stored(kToV + ".lora_down.weight", at::full({4, 16}, value)),
                          testing::Stored(kToV + ".lora_up.weight", at::ones({16, 4}))}));
  };
  AdapterCache cache(2 * 2 * 64 * sizeof(float));  // two of them
  const auto get = [&](const std::string& name, const std::string& path) {
    const AdapterTarget targets[] = {unet.Target()};
    return cache.Get({name, path, "", nullptr},
                     [&](const std::string& id, const TensorSource& file) {
                       ++loads;
                       return Adapter::Load(id, file, targets, "sdxl", at::kCPU, at::kFloat);
                     });
  };
  const std::string a = write("a", 1), b = write("b", 2), c = write("c", 3);
  EXPECT_TRUE(get("a", a).ok() && get("b", b).ok() && get("a", a).ok());
  EXPECT_EQ(loads, 2);
  EXPECT_TRUE(get("c", c).ok());  // b goes
  EXPECT_EQ(cache.size(), 2);
  EXPECT_TRUE(get("a", a).ok());
  EXPECT_EQ(loads, 3);
  EXPECT_TRUE(get("b", b).ok());
  EXPECT_EQ(loads, 4);
  EXPECT_THAT(std::string(get("gone", folder.path() + "/gone").status().message()),
              HasSubstr("lora 'gone': "));
  const std::string cut = folder.Write("cut.safetensors", "\x20");
  EXPECT_EQ(get("cut", cut).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hanga
