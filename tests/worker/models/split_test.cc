// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model split at any boundary, its State packed and rebuilt, equals the whole model bit for bit.
#include <gtest/gtest.h>

#include "tests/worker/models/tiny_models.h"
#include "worker/layers/state_tensors.h"

namespace hanga {
namespace {

using testing::FillRandomly;

bool SameBits(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.equal(b);
}

// As another device would get it: contiguous copies in a new State.
template <typename State>
State Transfer(State& state) {
  std::vector<at::Tensor> tensors = TensorsOf(state);
  for (at::Tensor& t : tensors)
    if (t.defined()) t = t.clone(at::MemoryFormat::Contiguous);
  return StateOf<State>(std::move(tensors));
}

template <typename State>
void ExpectSplitsEqualWhole(const BlockList<State>& blocks, const State& inputs) {
  FillRandomly(blocks.Weights());
  State whole = inputs;
  blocks.Run(whole);
  for (size_t cut = 0; cut <= blocks.size(); ++cut) {
    State first = inputs;
    for (size_t i = 0; i < cut; ++i) blocks[i].run(first);
    State second = Transfer(first);
    for (size_t i = cut; i < blocks.size(); ++i) blocks[i].run(second);
    const auto expected = TensorsOf(whole), got = TensorsOf(second);
    ASSERT_EQ(expected.size(), got.size());
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_TRUE(SameBits(expected[i], got[i])) << "tensor " << i << ", cut before block " << cut;
  }
}

TEST(SplitTest, FluxEqualsWholeAtEveryBoundary) {
  const FluxParams p = testing::TinyFlux(true);
  ExpectSplitsEqualWhole(MakeFlux(p), testing::FluxInputs(p, 2));
}

TEST(SplitTest, FluxConditioningEqualsWholeAtEveryBoundary) {
  for (const bool guidance : {true, false}) {
    const FluxParams p = testing::TinyFlux(guidance);
    ExpectSplitsEqualWhole(MakeFluxConditioning(p), testing::FluxConditions(p, 3));
  }
}

TEST(SplitTest, UnetEqualsWholeAtEveryBoundary) {
  for (const bool xl : {true, false}) {
    const UnetParams p = testing::TinyUnet(xl);
    ExpectSplitsEqualWhole(MakeUnet(p), testing::UnetInputs(p, 2));
  }
}

TEST(SplitTest, Sd3EqualsWholeAtEveryBoundary) {
  for (const bool dual : {true, false}) {
    const Sd3Params p = testing::TinySd3(dual);
    ExpectSplitsEqualWhole(MakeSd3(p), testing::Sd3Inputs(p, 2));
  }
}

TEST(SplitTest, ClipEqualsWholeAtEveryBoundary) {
  for (const int64_t projection_dim : {0, 10}) {
    ClipState s;
    s.ids = at::randint(0, 50, {2, 9}, at::kLong);
    ExpectSplitsEqualWhole(MakeClip(testing::TinyClip(projection_dim)), s);
  }
}

TEST(SplitTest, T5EqualsWholeAtEveryBoundary) {
  T5State s;
  s.ids = at::randint(0, 50, {2, 9}, at::kLong);
  ExpectSplitsEqualWhole(MakeT5Encoder(testing::TinyT5()), s);
  s.mask = at::ones({2, 9}, at::kLong);
  s.mask[1].slice(0, 4).zero_();
  ExpectSplitsEqualWhole(MakeT5Encoder(testing::TinyT5()), s);
}

TEST(SplitTest, AutoencoderEqualsWholeAtEveryBoundary) {
  for (const bool quant_conv : {false, true}) {
    const AutoencoderParams p = testing::TinyAutoencoder(quant_conv);
    ExpectSplitsEqualWhole(MakeEncoder(p), AutoencoderState{at::randn({1, 3, 16, 24})});
    ExpectSplitsEqualWhole(MakeDecoder(p),
                           AutoencoderState{at::randn({2, p.latent_channels, 4, 6})});
  }
}

}  // namespace
}  // namespace hanga
