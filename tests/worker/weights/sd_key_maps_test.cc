// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/sd_key_maps.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/worker/weights/safetensors_file.h"
#include "worker/weights/checkpoint.h"
#include "worker/weights/flux_key_maps.h"

namespace hanga {
namespace {

StoredTensor Stored(std::vector<int64_t> shape) {
  StoredTensor tensor;
  tensor.shape = std::move(shape);
  int64_t elements = 1;
  for (const int64_t size : tensor.shape) elements *= size;
  auto bytes = std::make_shared<std::vector<std::byte>>(elements * 4);
  for (size_t i = 0; i < bytes->size(); i += 4) (*bytes)[i] = static_cast<std::byte>(i / 4);
  tensor.pieces = {{absl::MakeConstSpan(*bytes), bytes}};
  return tensor;
}

// The first byte of every element: which of the stored ones it was.
std::vector<int> Order(const StoredTensor& tensor) {
  std::vector<int> order;
  const auto bytes = ReadBytes(tensor);
  for (size_t i = 0; i < bytes.size(); i += 4) order.push_back(static_cast<uint8_t>(bytes[i]));
  return order;
}

using Pair = std::pair<std::string, std::string>;

// As a Stable Diffusion 1 or SDXL checkpoint and its conversion by diffusers name the same weights.
TEST(SdKeyMapsTest, FindsTheBlocksOfALdmUnet) {
  const std::vector<Pair> names = {
      {"input_blocks.0.0.weight", "conv_in.weight"},
      {"time_embed.0.weight", "time_embedding.linear_1.weight"},
      {"time_embed.2.bias", "time_embedding.linear_2.bias"},
      {"label_emb.0.0.weight", "add_embedding.linear_1.weight"},
      {"label_emb.0.2.weight", "add_embedding.linear_2.weight"},
      {"input_blocks.1.0.in_layers.0.weight", "down_blocks.0.resnets.0.norm1.weight"},
      {"input_blocks.2.0.in_layers.2.bias", "down_blocks.0.resnets.1.conv1.bias"},
      {"input_blocks.3.0.op.weight", "down_blocks.0.downsamplers.0.conv.weight"},
      {"input_blocks.4.0.skip_connection.weight", "down_blocks.1.resnets.0.conv_shortcut.weight"},
      {"input_blocks.5.1.norm.weight", "down_blocks.1.attentions.1.norm.weight"},
      {"input_blocks.7.1.transformer_blocks.9.attn2.to_k.weight",
       "down_blocks.2.attentions.0.transformer_blocks.9.attn2.to_k.weight"},
      {"input_blocks.8.0.emb_layers.1.weight", "down_blocks.2.resnets.1.time_emb_proj.weight"},
      {"input_blocks.11.0.out_layers.3.weight", "down_blocks.3.resnets.1.conv2.weight"},
      {"middle_block.0.in_layers.0.weight", "mid_block.resnets.0.norm1.weight"},
      {"middle_block.1.proj_in.weight", "mid_block.attentions.0.proj_in.weight"},
      {"middle_block.2.out_layers.0.weight", "mid_block.resnets.1.norm2.weight"},
      {"output_blocks.0.0.in_layers.0.weight", "up_blocks.0.resnets.0.norm1.weight"},
      {"output_blocks.2.1.conv.weight", "up_blocks.0.upsamplers.0.conv.weight"},
      {"output_blocks.5.1.proj_out.bias", "up_blocks.1.attentions.2.proj_out.bias"},
      {"output_blocks.5.2.conv.bias", "up_blocks.1.upsamplers.0.conv.bias"},
      {"output_blocks.11.0.in_layers.2.weight", "up_blocks.3.resnets.2.conv1.weight"},
      {"out.0.weight", "conv_norm_out.weight"},
      {"out.2.bias", "conv_out.bias"},
      {"v_pred", "v_pred"}};
  TensorSource::Tensors file;
  for (const auto& [ldm, ours] : names) file["model.diffusion_model." + ldm] = Stored({1});
  file["first_stage_model.decoder.conv_in.weight"] = Stored({1});
  const auto mapped = ApplyMatchingKeyMap(UnetKeyMaps(), TensorSource(file));
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  EXPECT_EQ(mapped->tensors().size(), names.size());
  for (const auto& [ldm, ours] : names) EXPECT_TRUE(mapped->Has(ours)) << ldm << " -> " << ours;
}

TEST(SdKeyMapsTest, CutsAndTransposesOpenClipsWeights) {
  const std::string prefix = "conditioner.embedders.1.model.";
  TensorSource::Tensors file;
  file[prefix + "token_embedding.weight"] = Stored({5, 2});
  file[prefix + "positional_embedding"] = Stored({7, 2});
  file[prefix + "text_projection"] = Stored({2, 3});
  file[prefix + "ln_final.bias"] = Stored({2});
  file[prefix + "logit_scale"] = Stored({1});
  file[prefix + "transformer.resblocks.0.attn.in_proj_weight"] = Stored({6, 2});
  file[prefix + "transformer.resblocks.0.attn.in_proj_bias"] = Stored({6});
  file[prefix + "transformer.resblocks.0.mlp.c_fc.weight"] = Stored({8, 2});
  const auto mapped = ApplyMatchingKeyMap(SecondClipKeyMaps(), TensorSource(file));
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  const StoredTensor* projection = mapped->Find("text_projection.weight");
  ASSERT_NE(projection, nullptr);
  EXPECT_EQ(projection->shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(Order(*projection), (std::vector<int>{0, 3, 1, 4, 2, 5}));
  const std::string layer = "text_model.encoder.layers.0.";
  ASSERT_TRUE(mapped->Has(layer + "self_attn.v_proj.bias"));
  EXPECT_EQ(Order(*mapped->Find(layer + "self_attn.k_proj.bias")), (std::vector<int>{2, 3}));
  EXPECT_TRUE(mapped->Has(layer + "mlp.fc1.weight"));
  EXPECT_TRUE(mapped->Has("text_model.final_layer_norm.bias"));
  EXPECT_FALSE(mapped->Has("logit_scale"));
}

TEST(SdKeyMapsTest, FindsTheFirstTextEncoderOfEverySingleFile) {
  for (const char* prefix :
       {"cond_stage_model.transformer.", "conditioner.embedders.0.transformer.",
        "text_encoders.clip_l.transformer."}) {
    const std::string key = "text_model.embeddings.token_embedding.weight";
    TensorSource::Tensors file;
    file[prefix + key] = Stored({5, 2});
    const auto mapped = ApplyMatchingKeyMap(ClipTextKeyMaps(), TensorSource(file));
    ASSERT_TRUE(mapped.ok()) << mapped.status();
    EXPECT_TRUE(mapped->Has(key)) << prefix;
  }
}

TEST(SdKeyMapsTest, GivesTheSameSd3TransformerFromDiffusersAndTheOriginal) {
  const auto folder = OpenCheckpoint(GoldenModel("sd35/transformer"));
  const auto file = OpenCheckpoint(GoldenModel("sd35/sd3.5_medium.safetensors"));
  ASSERT_TRUE(folder.ok() && file.ok());
  const auto a = ApplyMatchingKeyMap(Sd3TransformerKeyMaps(), *folder);
  const auto b = ApplyMatchingKeyMap(Sd3TransformerKeyMaps(), *file);
  ASSERT_TRUE(a.ok() && b.ok()) << a.status() << b.status();
  EXPECT_EQ(a->tensors().size(), b->tensors().size());
  for (const auto& [key, tensor] : b->tensors()) {
    ASSERT_TRUE(a->Has(key)) << key;
    EXPECT_EQ(ReadBytes(*a->Find(key)), ReadBytes(tensor)) << key;
  }
}

}  // namespace
}  // namespace hanga
