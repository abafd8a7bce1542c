// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/gpu/tiny_runs.h"

namespace hanga::gpu {
namespace {

using at::Tensor;

// Of the norm of a network's result.
constexpr double kFloatTolerance = 1e-5, kHalfTolerance = 3e-2;
double ToleranceOf(at::ScalarType type) {
  return type == at::kFloat ? kFloatTolerance : kHalfTolerance;
}

class ModelsTest : public GpuTest {
 protected:
  Tensor Flux(const BlockList<FluxState>& blocks, FluxState s) {
    blocks.Run(s);
    return s.img;
  }
};

TEST_F(ModelsTest, FluxAgreesWithTheCpu) {
  for (const FluxParams& p : {testing::TinyFlux(false), SmallFlux()})
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      const auto blocks = MakeFlux(p);
      FillFor(blocks, type, 0.5 / std::sqrt(p.hidden));
      for (const auto& [batch, rows, columns] :
           {std::array<int64_t, 3>{1, 1, 1}, {1, 8, 12}, {2, 5, 3}}) {
        const FluxState inputs = SmallFluxInputs(p, batch, rows, columns, type);
        const auto reference = MakeFlux(p);
        FillFor(reference, type, 0.5 / std::sqrt(p.hidden));
        const auto expected = Flux(reference, inputs);
        MoveToDevice(blocks, type);
        const auto got = Flux(blocks, OnDevice(inputs, type));
        ExpectNear(got, expected, ToleranceOf(type));
        if (type == at::kFloat) ExpectClose(got, expected, 1e-3);
      }
    }
}

TEST_F(ModelsTest, FluxIsEqualBitForBitInTwoRuns) {
  const auto p = SmallFlux();
  const auto blocks = MakeFlux(p);
  FillFor(blocks, at::kBFloat16);
  MoveToDevice(blocks, at::kBFloat16);
  const auto inputs = OnDevice(SmallFluxInputs(p, 1, 16, 24, at::kBFloat16), at::kBFloat16);
  EXPECT_TRUE(Flux(blocks, inputs).equal(Flux(blocks, inputs)));
}

// What a block leaves for the next one does not travel, and is not missed.
TEST_F(ModelsTest, FluxSplitAnywhereIsEqualBitForBit) {
  const auto p = SmallFlux();
  const auto blocks = MakeFlux(p);
  FillFor(blocks, at::kBFloat16);
  MoveToDevice(blocks, at::kBFloat16);
  const auto inputs = OnDevice(SmallFluxInputs(p, 2, 8, 12, at::kBFloat16), at::kBFloat16);
  const Tensor whole = Flux(blocks, inputs);
  for (size_t cut = 1; cut < blocks.size(); ++cut) {
    FluxState s = inputs;
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (i == cut) s.img_ahead = s.txt_ahead = {};
      blocks[i].run(s);
    }
    EXPECT_TRUE(s.img.equal(whole)) << "cut before block " << cut;
  }
}

// Not bit for bit: products of another size may sum in another order.
TEST_F(ModelsTest, ABatchOfFourIsFourSingles) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const auto p = SmallFlux();
    const auto blocks = MakeFlux(p);
    FillFor(blocks, type, 0.5 / std::sqrt(p.hidden));
    MoveToDevice(blocks, type);
    const FluxState four = OnDevice(SmallFluxInputs(p, 4, 8, 12, type), type);
    const auto together = Flux(blocks, four);
    for (int64_t i = 0; i < 4; ++i) {
      FluxState one = four;
      for (Tensor* t : {&one.img, &one.txt, &one.modulation}) *t = t->narrow(0, i, 1).clone();
      ExpectNear(together.narrow(0, i, 1), Flux(blocks, one), type == at::kFloat ? 1e-6 : 1e-2);
    }
  }
}

TEST_F(ModelsTest, FluxConditioningAgreesWithTheCpu) {
  const auto p = testing::TinyFlux(true);
  const auto blocks = MakeFluxConditioning(p);
  FillFor(blocks, at::kFloat);
  const auto inputs = testing::FluxConditions(p, 5);
  FluxConditioningState expected = inputs, got = inputs;
  blocks.Run(expected);
  MoveToDevice(blocks, at::kFloat);
  got.ForEachTensor([](Tensor& t) { t = OnDevice(t, at::kFloat); });
  blocks.Run(got);
  ExpectClose(got.modulation, expected.modulation, 1e-4);
}

TEST_F(ModelsTest, TextEncodersAgreeWithTheCpu) {
  const auto ids = at::randint(0, 50, {2, 9}, at::kLong);
  {
    const auto blocks = MakeT5Encoder(testing::TinyT5());
    FillFor(blocks, at::kFloat);
    T5State expected, got;
    expected.ids = ids, got.ids = ids.cuda();
    blocks.Run(expected);
    MoveToDevice(blocks, at::kFloat);
    blocks.Run(got);
    ExpectClose(got.x, expected.x, 1e-4);
  }
  const auto blocks = MakeClip(testing::TinyClip(10));
  FillFor(blocks, at::kFloat);
  ClipState expected, got;
  expected.ids = ids, got.ids = ids.cuda();
  blocks.Run(expected);
  MoveToDevice(blocks, at::kFloat);
  blocks.Run(got);
  ExpectClose(got.x, expected.x, 1e-4);
  ExpectClose(got.pooled, expected.pooled, 1e-4);
}

TEST_F(ModelsTest, AutoencoderAgreesWithTheCpuInBothDirections) {
  auto p = testing::TinyAutoencoder(true);
  p.channels = {32, 64, 64}, p.norm_groups = 8;
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const auto check = [&](const BlockList<AutoencoderState>& blocks, const Tensor& x) {
      FillFor(blocks, type, 0.05);
      AutoencoderState expected{x}, got{OnDevice(x, type)};
      blocks.Run(expected);
      MoveToDevice(blocks, type);
      blocks.Run(got);
      ExpectNear(got.x, expected.x, ToleranceOf(type));
    };
    check(MakeDecoder(p), Random({2, p.latent_channels, 9, 6}, type));
    check(MakeEncoder(p), Random({2, 3, 36, 24}, type));
  }
}

}  // namespace
}  // namespace hanga::gpu
