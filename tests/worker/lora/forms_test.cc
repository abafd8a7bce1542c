// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Every form of adapter against its definition: the network with the adapter beside its weights
// does what it does with the changed weight itself.
#include <gtest/gtest.h>

#include "tests/worker/lora/adapted_unet.h"

namespace hanga {
namespace {

using testing::AdaptedUnet;
using testing::ExpectClose;
using testing::kConv;
using testing::kProjIn;
using testing::kToV;
using testing::Named;

at::Tensor Random(at::IntArrayRef shape) { return 0.5 * at::randn(shape); }

class AdapterFormsTest : public ::testing::Test {
 protected:
  void SetUp() override { at::manual_seed(3); }

  // `changed`: the weights with the file's changes at full strength.
  void ExpectChanges(const Named& file, const Named& changed) {
    const AdapterSet set = {{unet_.Load(file), 1, 1}};
    const at::Tensor plain = unet_.Run({{}}), expected = unet_.RunWith(changed);
    EXPECT_GT(((expected - plain).norm() / plain.norm()).item<double>(), 1e-3);
    ExpectClose(unet_.Run({set}), expected);
    ExpectClose(unet_.Run({{}}), plain, 1e-30);  // nothing stays

    const TensorSource merged = MergedSource(unet_.Target(), set, at::kFloat);
    for (const auto& [key, weight] : changed) {
      const at::Tensor ours =
          at::from_blob(ReadBytes(*merged.Find(key)).data(), weight.sizes(), at::kFloat).clone();
      ExpectClose(ours, weight);
    }

    Named half;  // strength works on the whole of the change, whatever the form
    for (const auto& [key, weight] : changed)
      half[key] = unet_.Weight(key) + 0.5 * (weight - unet_.Weight(key));
    ExpectClose(unet_.Run({{{set[0].adapter, 0.5, 0.5}}}), unet_.RunWith(half));
  }

  at::Tensor Weight(const std::string& module) { return unet_.Weight(module + ".weight"); }

  AdaptedUnet unet_;
};

TEST_F(AdapterFormsTest, LowRankPairOfALinearLayerScaledByAlphaOverRank) {
  const at::Tensor down = Random({3, 16}), up = Random({16, 3});
  ExpectChanges({{"unet." + kToV + ".lora_A.weight", down},
                 {"unet." + kToV + ".lora_B.weight", up},
                 {"unet." + kToV + ".alpha", at::scalar_tensor(1.5)}},
                {{kToV + ".weight", Weight(kToV) + 0.5 * up.mm(down)}});
}

TEST_F(AdapterFormsTest, LowRankPairOfAConvolution) {
  const at::Tensor down = Random({2, 16, 3, 3}), up = Random({16, 2, 1, 1});
  const at::Tensor change = up.flatten(1).mm(down.flatten(1)).view({16, 16, 3, 3});
  ExpectChanges({{"lora_unet_down_blocks_1_resnets_1_conv1.lora_down.weight", down},
                 {"lora_unet_down_blocks_1_resnets_1_conv1.lora_up.weight", up}},
                {{kConv + ".weight", Weight(kConv) + change}});
}

TEST_F(AdapterFormsTest, ConvolutionThroughACore) {
  const at::Tensor down = Random({2, 16, 1, 1}), mid = Random({2, 2, 3, 3});
  const at::Tensor up = Random({16, 2, 1, 1});
  const at::Tensor change = at::einsum("ijkl,jr,pi->prkl", {mid, down.flatten(1), up.flatten(1)});
  ExpectChanges({{kConv + ".lora_down.weight", down},
                 {kConv + ".lora_mid.weight", mid},
                 {kConv + ".lora_up.weight", up}},
                {{kConv + ".weight", Weight(kConv) + change}});
}

TEST_F(AdapterFormsTest, HadamardProductOfSmallAndOfLargeRank) {
  for (const int64_t rank : {2, 6}) {
    const at::Tensor a1 = Random({16, rank}), b1 = Random({rank, 16});
    const at::Tensor a2 = Random({16, rank}), b2 = Random({rank, 16});
    const at::Tensor change = a1.mm(b1) * a2.mm(b2) * (4.0 / static_cast<double>(rank));
    ExpectChanges({{kToV + ".hada_w1_a", a1},
                   {kToV + ".hada_w1_b", b1},
                   {kToV + ".hada_w2_a", a2},
                   {kToV + ".hada_w2_b", b2},
                   {kToV + ".alpha", at::scalar_tensor(4.0)}},
                  {{kToV + ".weight", Weight(kToV) + change}});
  }
}

TEST_F(AdapterFormsTest, HadamardProductThroughCores) {
  const auto half = [](const at::Tensor& t, const at::Tensor& b, const at::Tensor& a) {
    return at::einsum("ijkl,jr,ip->prkl", {t, b, a});
  };
  at::Tensor t[2], a[2], b[2];
  for (int i : {0, 1}) t[i] = Random({2, 2, 3, 3}), a[i] = Random({2, 16}), b[i] = Random({2, 16});
  ExpectChanges(
      {{kConv + ".hada_t1", t[0]},
       {kConv + ".hada_w1_a", a[0]},
       {kConv + ".hada_w1_b", b[0]},
       {kConv + ".hada_t2", t[1]},
       {kConv + ".hada_w2_a", a[1]},
       {kConv + ".hada_w2_b", b[1]}},
      {{kConv + ".weight", Weight(kConv) + half(t[0], b[0], a[0]) * half(t[1], b[1], a[1])}});
}

TEST_F(AdapterFormsTest, KroneckerProductOfALinearLayer) {
  const at::Tensor first = Random({4, 2}), a = Random({4, 3}), b = Random({3, 8});
  ExpectChanges({{kToV + ".lokr_w1", first},
                 {kToV + ".lokr_w2_a", a},
                 {kToV + ".lokr_w2_b", b},
                 {kToV + ".alpha", at::scalar_tensor(1.5)}},
                {{kToV + ".weight", Weight(kToV) + at::kron(first, a.mm(b) * 0.5)}});
}

TEST_F(AdapterFormsTest, KroneckerProductOfAConvolutionIgnoresAlphaWhereBothAreWhole) {
  const at::Tensor first = Random({2, 4}), second = Random({8, 4, 3, 3});
  const at::Tensor change =
      at::kron(first.unsqueeze(-1).unsqueeze(-1).contiguous(), second.contiguous());
  ExpectChanges({{kConv + ".lokr_w1", first},
                 {kConv + ".lokr_w2", second},
                 {kConv + ".alpha", at::scalar_tensor(7.0)}},
                {{kConv + ".weight", Weight(kConv) + change}});
}

TEST_F(AdapterFormsTest, LearnedLengthsOfRows) {
  const at::Tensor down = Random({2, 16, 3, 3}), up = Random({16, 2, 1, 1});
  const at::Tensor lengths = at::rand({16, 1, 1, 1}) + 0.5;
  const at::Tensor changed = Weight(kConv) + up.flatten(1).mm(down.flatten(1)).view({16, 16, 3, 3});
  const at::Tensor norm = changed.flatten(1).norm(2, 1).view({16, 1, 1, 1});
  ExpectChanges({{kConv + ".lora_down.weight", down},
                 {kConv + ".lora_up.weight", up},
                 {kConv + ".dora_scale", lengths}},
                {{kConv + ".weight", changed * lengths / norm}});
}

TEST_F(AdapterFormsTest, LearnedLengthsOfRowsAndOfColumnsOfAMatrix) {
  const at::Tensor down = Random({2, 16}), up = Random({16, 2});
  const at::Tensor changed = Weight(kToV) + up.mm(down);
  for (const bool rows : {true, false}) {
    const at::Tensor lengths = at::rand(rows ? at::IntArrayRef{16, 1} : at::IntArrayRef{1, 16}) + 1;
    const at::Tensor norm = changed.norm(2, rows ? 1 : 0, /*keepdim=*/true);
    ExpectChanges({{kToV + ".lora_down.weight", down},
                   {kToV + ".lora_up.weight", up},
                   {kToV + ".dora_scale", lengths}},
                  {{kToV + ".weight", changed * lengths / norm}});
  }
}

TEST_F(AdapterFormsTest, DifferencesOfBiasesAndNorms) {
  const std::string norm = "down_blocks.1.resnets.1.norm1";
  const at::Tensor bias = Random({16}), weight = Random({16}), shift = Random({16});
  ExpectChanges(
      {{kProjIn + ".diff_b", bias}, {norm + ".w_norm", weight}, {norm + ".b_norm", shift}},
      {{kProjIn + ".bias", unet_.Weight(kProjIn + ".bias") + bias},
       {norm + ".weight", unet_.Weight(norm + ".weight") + weight},
       {norm + ".bias", unet_.Weight(norm + ".bias") + shift}});
}

TEST_F(AdapterFormsTest, EachRowOfABatchHasItsOwnAdapters) {
  const auto pair = [&] {
    return unet_.Load({{kToV + ".lora_A.weight", Random({2, 16})},
                       {kToV + ".lora_B.weight", Random({16, 2})},
                       {kConv + ".lora_A.weight", Random({3, 16, 3, 3})},
                       {kConv + ".lora_B.weight", Random({16, 3, 1, 1})},
                       {kProjIn + ".lokr_w1", Random({2, 2})},
                       {kProjIn + ".lokr_w2", Random({8, 8})}});
  };
  const auto a = pair(), b = pair();
  const std::vector<AdapterSet> rows = {
      {{a, 1, 1}}, {}, {{b, 0.7, 0}, {a, -0.3, 0}}, {{b, 1, 1}}, {{a, 0.2, 0}}};
  const at::Tensor together = unet_.Run(rows);
  const at::Tensor plain = unet_.Run(std::vector<AdapterSet>(rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    const at::Tensor alone = unet_.Run(std::vector<AdapterSet>(rows.size(), rows[i]));
    ExpectClose(together[i], alone[i]);
    EXPECT_EQ(rows[i].empty(), (together[i] - plain[i]).abs().max().item<double>() < 1e-6);
  }
}

}  // namespace
}  // namespace hanga
