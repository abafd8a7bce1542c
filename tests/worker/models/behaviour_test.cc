// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What golden cases do not cover: the rules that inputs follow.
#include <gtest/gtest.h>

#include "tests/worker/models/tiny_models.h"
#include "worker/models/registry.h"
#include "worker/models/tiling.h"

namespace hanga {
namespace {

TEST(FluxTest, TreatsTheRowsOfABatchAsTheyWouldBeAlone) {
  const FluxParams p = testing::TinyFlux(true);
  const auto blocks = MakeFlux(p);
  testing::FillRandomly(blocks.Weights());
  const FluxState inputs = testing::FluxInputs(p, 3);
  FluxState batch = inputs;
  blocks.Run(batch);
  for (int64_t i = 0; i < 3; ++i) {
    FluxState row = inputs;
    for (at::Tensor* t : {&row.img, &row.txt, &row.modulation}) *t = t->narrow(0, i, 1);
    blocks.Run(row);
    EXPECT_TRUE(at::allclose(row.img, batch.img.narrow(0, i, 1), 1e-4, 1e-5)) << i;
  }
}

TEST(FluxTest, ConditionsEachStepOfAScheduleAsItWouldBeAlone) {
  const FluxParams p = testing::TinyFlux(true);
  const auto blocks = MakeFluxConditioning(p);
  testing::FillRandomly(blocks.Weights());
  const FluxConditioningState inputs = testing::FluxConditions(p, 4);
  FluxConditioningState schedule = inputs;
  blocks.Run(schedule);
  EXPECT_EQ(schedule.modulation.size(1), 32 * (12 * 2 + 3 * 2 + 2));
  for (int64_t i = 0; i < 4; ++i) {
    FluxConditioningState step = inputs;
    for (at::Tensor* t : {&step.timestep, &step.guidance, &step.pooled}) *t = t->narrow(0, i, 1);
    blocks.Run(step);
    EXPECT_TRUE(at::allclose(step.modulation, schedule.modulation.narrow(0, i, 1), 1e-4, 1e-5))
        << i;
  }
}

TEST(FluxTest, KeepsTheRotaryTableThatItIsGiven) {
  const FluxParams p = testing::TinyFlux(false);
  const auto blocks = MakeFlux(p);
  testing::FillRandomly(blocks.Weights());
  FluxState first = testing::FluxInputs(p, 1), second = first;
  blocks.Run(first);
  second.rope = first.rope;
  blocks.Run(second);
  EXPECT_TRUE(second.img.equal(first.img));
  EXPECT_TRUE(second.rope.is_same(first.rope));
}

// Whoever stands between two blocks may put other rows in the state.
TEST(FluxTest, MakesItsOwnNormWhereRowsHaveChangedBetweenBlocks) {
  const FluxParams p = testing::TinyFlux(true);
  const auto blocks = MakeFlux(p);
  testing::FillRandomly(blocks.Weights());
  for (const size_t cut : {size_t{2}, blocks.size() - 2}) {
    FluxState s = testing::FluxInputs(p, 2);
    for (size_t i = 0; i < cut; ++i) blocks[i].run(s);
    ASSERT_TRUE(s.img_ahead.of.is_same(s.img)) << cut;
    s.img = s.img + 0.5;
    FluxState plain = s;
    plain.img_ahead = plain.txt_ahead = {};
    for (size_t i = cut; i < blocks.size(); ++i) blocks[i].run(s), blocks[i].run(plain);
    EXPECT_TRUE(s.img.equal(plain.img)) << cut;
    EXPECT_FALSE(s.img_ahead.of.defined());
  }
}

TEST(FluxAheadTest, IsTakenOnceInItsOwnFormOfItsOwnRows) {
  const at::Tensor x = at::randn({1, 3, 4}), scales = at::ones({1, 3});
  FluxAhead ahead = {x, kernels::Rows(x * 2)};
  EXPECT_TRUE(ahead.Take(x, kernels::RowForm::kPlain).values.defined());
  EXPECT_FALSE(ahead.Take(x, kernels::RowForm::kPlain).values.defined());
  ahead = {x, kernels::Rows(x * 2)};
  EXPECT_FALSE(ahead.Take(x, kernels::RowForm::kFp8).values.defined());
  ahead = {x, kernels::Rows(x * 2, scales)};
  EXPECT_FALSE(ahead.Take(x.clone(), kernels::RowForm::kFp8).values.defined());
}

TEST(ClipTest, PoolsAtTheFirstEndOfText) {
  ClipParams p = testing::TinyClip(0);
  p.eos_token_id = 40;
  const auto blocks = MakeClip(p);
  testing::FillRandomly(blocks.Weights());
  ClipState s;
  s.ids = at::tensor({1, 45, 40, 40, 49}, at::kLong).unsqueeze(0);
  blocks.Run(s);
  EXPECT_TRUE(s.pooled[0].equal(s.x[0][2]));
}

TEST(ClipTest, PoolsAtTheHighestIdWhenTheConfigurationIsOld) {
  const auto blocks = MakeClip(testing::TinyClip(0));  // eos_token_id 2
  testing::FillRandomly(blocks.Weights());
  ClipState s;
  s.ids = at::tensor({1, 2, 7, 49, 3}, at::kLong).unsqueeze(0);
  blocks.Run(s);
  EXPECT_TRUE(s.pooled[0].equal(s.x[0][3]));
}

TEST(ClipTest, KeepsAnEarlierLayerWhereItIsAskedFor) {
  const ClipParams p = testing::TinyClip(0);
  const auto blocks = MakeClip(p);
  testing::FillRandomly(blocks.Weights());
  ClipState plain, tapped;
  plain.ids = tapped.ids = at::tensor({1, 2, 7, 49, 3}, at::kLong).unsqueeze(0);
  tapped.tap = at::scalar_tensor(2, at::kLong);
  for (size_t i = 0; i < 3; ++i) blocks[i].run(plain);  // the embeddings and two layers
  blocks.Run(tapped);
  EXPECT_TRUE(tapped.tapped.equal(plain.x));
  blocks[blocks.size() - 1].run(plain);
  EXPECT_TRUE(tapped.tapped_normed.equal(plain.x));
}

TEST(UnetTest, DrawsEveryRowOfABatchByItself) {
  const UnetParams p = testing::TinyUnet(true);
  const auto blocks = MakeUnet(p);
  testing::FillRandomly(blocks.Weights());
  UnetState both = testing::UnetInputs(p, 2), second = both;
  second.ForEachTensor([](at::Tensor& t) {
    if (t.defined()) t = t.slice(0, 1);
  });
  blocks.Run(both);
  blocks.Run(second);
  EXPECT_TRUE(at::allclose(both.x.slice(0, 1), second.x, 1e-4, 1e-5));
  EXPECT_EQ(both.x.size(2), 7);  // sizes need not be even
}

TEST(Sd3Test, RefusesAPictureBeyondItsPositions) {
  const auto blocks = MakeSd3(testing::TinySd3(false));
  testing::FillRandomly(blocks.Weights());
  Sd3State s = testing::Sd3Inputs(testing::TinySd3(false), 1);
  s.x = at::randn({1, 4, 14, 6});
  EXPECT_THROW(blocks.Run(s), c10::Error);
}

TEST(ClipTest, RefusesAPromptBeyondItsPositions) {
  const auto blocks = MakeClip(testing::TinyClip(0));
  testing::FillRandomly(blocks.Weights());
  ClipState s;
  s.ids = at::zeros({1, 13}, at::kLong);
  EXPECT_THROW(blocks.Run(s), c10::Error);
}

TEST(T5Test, IgnoresMaskedTokens) {
  const auto blocks = MakeT5Encoder(testing::TinyT5());
  testing::FillRandomly(blocks.Weights());
  T5State a, b;
  a.ids = at::tensor({5, 6, 7, 0, 0}, at::kLong).unsqueeze(0);
  b.ids = at::tensor({5, 6, 7, 9, 8}, at::kLong).unsqueeze(0);
  a.mask = b.mask = at::tensor({1, 1, 1, 0, 0}, at::kLong).unsqueeze(0);
  blocks.Run(a);
  blocks.Run(b);
  EXPECT_TRUE(at::allclose(a.x.slice(1, 0, 3), b.x.slice(1, 0, 3)));
}

TEST(AutoencoderTest, ClampsTheVarianceOfItsLatents) {
  const auto moments = at::tensor({1.0, 2.0, 100.0, -100.0}).view({1, 4, 1, 1});
  const LatentDistribution latents(moments);
  EXPECT_TRUE(latents.mean.flatten().equal(at::tensor({1.0, 2.0})));
  EXPECT_TRUE(at::allclose(latents.std.flatten(), at::exp(at::tensor({10.0, -15.0}))));
}

// Strips of one row each are the hardest case; pictures of one row have no neighbours at all.
TEST(StripsTest, ALargePictureIsDecodedAsAWholeOneIs) {
  at::manual_seed(7);
  auto p = testing::TinyAutoencoder(true);
  p.channels = {32, 64, 64}, p.norm_groups = 8;
  for (const auto& blocks : {MakeDecoder(p), MakeEncoder(p)}) {
    testing::FillRandomly(blocks.Weights());
    const bool decodes = blocks[0].name == "decoder.conv_in";
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{9, 6}, {1, 5}, {12, 4}}) {
      const auto x = decodes ? at::randn({2, p.latent_channels, height, width}) + 3
                             : at::randn({2, 3, 4 * height, 4 * width}) + 3;
      AutoencoderState whole{x}, tall{x}, thin{x};
      thin.strips.most_elements = 1;
      tall.strips.most_elements = x.numel() * 16;
      for (AutoencoderState* s : {&whole, &tall, &thin}) blocks.Run(*s);
      const double scale = whole.x.abs().max().item<double>();
      EXPECT_LE((tall.x - whole.x).abs().max().item<double>(), 1e-4 * scale);
      EXPECT_LE((thin.x - whole.x).abs().max().item<double>(), 1e-4 * scale);
    }
  }
}

TEST(TilingTest, IsExactForAFunctionOfEachPixelAlone) {
  const auto grow = [](const at::Tensor& x) {
    return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
  };
  const auto x = at::randn({1, 2, 11, 21});
  EXPECT_TRUE(at::allclose(DecodeTiled(x, {16, 8, 0.25}, grow), grow(x)));
}

TEST(RegistryTest, TellsFamiliesByPipelineAndByKeys) {
  ASSERT_NE(FamilyByPipelineClass("FluxPipeline"), nullptr);
  EXPECT_EQ(FamilyByPipelineClass("FluxPipeline")->name, "flux");
  EXPECT_EQ(FamilyByPipelineClass("fluxpipeline"), nullptr);
  const std::vector<std::string> keys = {
      "model.diffusion_model.vector_in.in_layer.weight",
      "model.diffusion_model.double_blocks.0.img_attn.qkv.weight"};
  ASSERT_NE(FamilyByKeys(keys), nullptr);
  EXPECT_EQ(FamilyByKeys(keys)->name, "flux");
  EXPECT_EQ(FamilyByKeys({keys[0]}), nullptr);  // a signature counts whole
  EXPECT_EQ(FamilyByKeys({"xvector_in.in_layer.weight", "xdouble_blocks.0.img_attn.qkv.weight"}),
            nullptr);
}

}  // namespace
}  // namespace hanga
