// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/flux_key_maps.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/worker/weights/safetensors_file.h"
#include "worker/weights/checkpoint.h"

namespace hanga {
namespace {

TensorSource Open(const std::string& path) {
  auto source = OpenCheckpoint(GoldenModel(path));
  EXPECT_TRUE(source.ok()) << source.status();
  return *std::move(source);
}

TensorSource Mapped(absl::Span<const KeyMap> maps, const TensorSource& stored) {
  auto source = ApplyMatchingKeyMap(maps, stored);
  EXPECT_TRUE(source.ok()) << source.status();
  return *std::move(source);
}

void ExpectSame(const TensorSource& a, const TensorSource& b) {
  EXPECT_EQ(a.tensors().size(), b.tensors().size());
  for (const auto& [key, tensor] : a.tensors()) {
    const StoredTensor* other = b.Find(key);
    ASSERT_NE(other, nullptr) << key;
    EXPECT_EQ(DescribeTensor(tensor), DescribeTensor(*other)) << key;
    EXPECT_EQ(ReadBytes(tensor), ReadBytes(*other)) << key;
  }
}

// Appends what a file holds to another, its keys under a prefix.
void Append(const TensorSource& source, const std::string& prefix, std::vector<TestTensor>& out) {
  for (const auto& [key, tensor] : source.tensors()) {
    out.push_back(
        {prefix + key, std::string(DataTypeName(tensor.type)), tensor.shape, ReadBytes(tensor)});
  }
}

TEST(FluxKeyMapsTest, GivesTheSameTransformerFromDiffusersAndBfl) {
  for (const auto& [folder, file] :
       {std::pair("flux_dev/transformer", "flux_dev/flux1-dev.safetensors"),
        std::pair("flux_schnell/transformer", "flux_schnell/flux1-schnell.safetensors")}) {
    const TensorSource bfl = Open(file);
    ExpectSame(Mapped(FluxTransformerKeyMaps(), Open(folder)), bfl);
    ExpectSame(Mapped(FluxTransformerKeyMaps(), bfl), bfl);
  }
}

TEST(FluxKeyMapsTest, GivesTheSameAutoencoderFromDiffusersAndLdm) {
  const TensorSource diffusers = Open("flux_dev/vae");
  ExpectSame(Mapped(AutoencoderKeyMaps(), diffusers), diffusers);
  ExpectSame(Mapped(AutoencoderKeyMaps(), Open("flux_dev/ae.safetensors")), diffusers);
}

TEST(FluxKeyMapsTest, KnowsTheAttentionNamesOfOldAutoencoders) {
  const TensorSource diffusers = Open("flux_dev/vae");
  std::vector<TestTensor> old;
  Append(diffusers, "", old);
  for (TestTensor& tensor : old) {
    for (const auto& [name, old_name] :
         {std::pair(".to_q.", ".query."), std::pair(".to_k.", ".key."),
          std::pair(".to_v.", ".value."), std::pair(".to_out.0.", ".proj_attn.")}) {
      const size_t at = tensor.key.find(name);
      if (at != std::string::npos) tensor.key.replace(at, std::string(name).size(), old_name);
    }
  }
  ASSERT_TRUE(MakeSource(old).Has("decoder.mid_block.attentions.0.query.weight"));
  ExpectSame(Mapped(AutoencoderKeyMaps(), MakeSource(old)), diffusers);
}

TEST(FluxKeyMapsTest, FindsEveryPartOfACombinedCheckpoint) {
  const TensorSource transformer = Open("flux_dev/flux1-dev.safetensors");
  const TensorSource clip = Open("flux_dev/text_encoder"), t5 = Open("flux_dev/text_encoder_2");
  std::vector<TestTensor> all;
  Append(transformer, "model.diffusion_model.", all);
  Append(clip, "text_encoders.clip_l.transformer.", all);
  Append(t5, "text_encoders.t5xxl.transformer.", all);
  Append(Open("flux_dev/ae.safetensors"), "vae.", all);
  all.push_back({"text_encoders.clip_l.logit_scale", "F32", {}, FloatBytes({1})});
  const TensorSource combined = MakeSource(all);

  ExpectSame(Mapped(FluxTransformerKeyMaps(), combined), transformer);
  ExpectSame(Mapped(ClipTextKeyMaps(), combined), clip);
  ExpectSame(Mapped(T5EncoderKeyMaps(), combined), t5);
  ExpectSame(Mapped(AutoencoderKeyMaps(), combined), Open("flux_dev/vae"));
}

TEST(FluxKeyMapsTest, LeavesOutWhatTextEncodersDoNotUse) {
  const TensorSource clip = Open("flux_dev/text_encoder"), t5 = Open("flux_dev/text_encoder_2");
  std::vector<TestTensor> tensors;
  Append(clip, "", tensors);
  tensors.push_back({"text_model.embeddings.position_ids", "I64", {1}, std::string(8, '\0')});
  tensors.push_back({"logit_scale", "F32", {}, FloatBytes({1})});
  tensors.push_back({"vision_model.embeddings.class_embedding", "U8", {1}, "x"});
  ExpectSame(Mapped(ClipTextKeyMaps(), MakeSource(tensors)), clip);

  tensors.clear();
  Append(t5, "", tensors);
  tensors.push_back({"encoder.embed_tokens.weight", "U8", {1}, "x"});
  tensors.push_back({"decoder.block.0.layer.0.layer_norm.weight", "U8", {1}, "x"});
  tensors.push_back({"lm_head.weight", "U8", {1}, "x"});
  ExpectSame(Mapped(T5EncoderKeyMaps(), MakeSource(tensors)), t5);
}

TEST(FluxKeyMapsTest, AllowsAProjectionThatNobodyUses) {
  std::vector<TestTensor> tensors;
  Append(Open("flux_dev/text_encoder"), "", tensors);
  tensors.push_back({"text_projection.weight", "U8", {1}, "x"});
  const TensorSource mapped = Mapped(ClipTextKeyMaps(), MakeSource(tensors));
  EXPECT_TRUE(mapped.Find("text_projection.weight")->spare);
  EXPECT_FALSE(mapped.Find("text_model.final_layer_norm.weight")->spare);
}

TEST(FluxKeyMapsTest, TellsComponentsApart) {
  EXPECT_FALSE(ApplyMatchingKeyMap(FluxTransformerKeyMaps(), Open("flux_dev/vae")).ok());
  EXPECT_FALSE(ApplyMatchingKeyMap(AutoencoderKeyMaps(), Open("flux_dev/text_encoder")).ok());
  EXPECT_FALSE(ApplyMatchingKeyMap(ClipTextKeyMaps(), Open("flux_dev/text_encoder_2")).ok());
  EXPECT_FALSE(ApplyMatchingKeyMap(T5EncoderKeyMaps(), Open("flux_dev/text_encoder")).ok());
}

}  // namespace
}  // namespace hanga
