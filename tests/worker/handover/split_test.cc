// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Every registered family's networks, split at every boundary over ranks that hand over by sockets,
// equal the whole bit for bit.
#include <gtest/gtest.h>

#include "tests/worker/handover/two_ranks.h"
#include "tests/worker/models/tiny_models.h"

namespace hanga {
namespace {

using testing::RunOf;
using testing::ServedRanks;

bool SameBits(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.equal(b) && a.strides() == b.strides();
}

// Blocks [0, cut) on rank `first`, the others on the other one.
Route Cut(size_t cut, size_t blocks, int first) {
  Route route;
  if (cut > 0) route.push_back({first, 0, cut});
  if (cut < blocks) route.push_back({1 - first, cut, blocks});
  return route;
}

template <typename State>
void ExpectSplitsEqualWhole(const BlockList<State>& blocks, State inputs) {
  testing::FillRandomly(blocks.Weights());
  State whole = inputs;
  blocks.Run(whole);
  const Row expected = TensorsOf(whole);
  ServedRanks ranks(2);
  uint64_t model = 0;
  for (const int first : {0, 1}) {
    for (size_t cut = 0; cut <= blocks.size(); ++cut) {
      const std::string where = absl::StrCat("cut before block ", cut, ", rank ", first, " first");
      ranks.Add(++model, {{"network", Cut(cut, blocks.size(), first)}}, RunOf(blocks));
      const auto ticket = ranks.leader().Launch(model, "network", TensorsOf(inputs));
      ASSERT_TRUE(ticket.ok()) << ticket.status();
      const auto got = ranks.leader().Await(*ticket);
      ASSERT_TRUE(got.ok()) << got.status() << ", " << where;
      ASSERT_EQ(got->size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_TRUE(SameBits(expected[i], (*got)[i])) << "tensor " << i << ", " << where;
      }
    }
  }
}

TEST(SplitTest, FluxOverTwoRanksEqualsWholeAtEveryBoundary) {
  const FluxParams p = testing::TinyFlux(true);
  ExpectSplitsEqualWhole(MakeFlux(p), testing::FluxInputs(p, 2));
}

TEST(SplitTest, FluxConditioningOverTwoRanksEqualsWholeAtEveryBoundary) {
  const FluxParams p = testing::TinyFlux(true);
  ExpectSplitsEqualWhole(MakeFluxConditioning(p), testing::FluxConditions(p, 3));
}

TEST(SplitTest, ClipOverTwoRanksEqualsWholeAtEveryBoundary) {
  ClipState s;
  s.ids = at::randint(0, 50, {2, 9}, at::kLong);
  ExpectSplitsEqualWhole(MakeClip(testing::TinyClip(10)), s);
}

TEST(SplitTest, T5OverTwoRanksEqualsWholeAtEveryBoundary) {
  T5State s;
  s.ids = at::randint(0, 50, {2, 9}, at::kLong);
  s.mask = at::ones({2, 9}, at::kLong);
  s.mask[1].slice(0, 4).zero_();
  ExpectSplitsEqualWhole(MakeT5Encoder(testing::TinyT5()), s);
}

TEST(SplitTest, AutoencoderOverTwoRanksEqualsWholeInBothMemoryFormats) {
  const AutoencoderParams p = testing::TinyAutoencoder(true);
  for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    AutoencoderState image, latents;
    image.x = at::randn({1, 3, 16, 24}).contiguous(format);
    latents.x = at::randn({2, p.latent_channels, 4, 6}).contiguous(format);
    ExpectSplitsEqualWhole(MakeEncoder(p), image);
    ExpectSplitsEqualWhole(MakeDecoder(p), latents);
  }
}

// The skips that a cut crosses are handed over with the rest, in both memory formats.
TEST(SplitTest, UnetsOverTwoRanksEqualWholeAtEveryBoundary) {
  for (const bool xl : {false, true}) {
    const UnetParams p = testing::TinyUnet(xl);
    for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      UnetState s = testing::UnetInputs(p, 2);
      s.x = s.x.contiguous(format);
      ExpectSplitsEqualWhole(MakeUnet(p), s);
    }
  }
}

TEST(SplitTest, Sd3OverTwoRanksEqualsWholeAtEveryBoundary) {
  for (const bool dual : {false, true}) {
    const Sd3Params p = testing::TinySd3(dual);
    ExpectSplitsEqualWhole(MakeSd3(p), testing::Sd3Inputs(p, 2));
  }
}

// Which layer is tapped is a number of the host's, whatever the device.
TEST(SplitTest, AClipThatIsTappedOverTwoRanksEqualsWholeAtEveryBoundary) {
  ClipState s;
  s.ids = at::randint(0, 50, {2, 9}, at::kLong);
  s.tap = at::scalar_tensor(1, at::kLong);
  ExpectSplitsEqualWhole(MakeClip(testing::TinyClip(10)), s);
}

}  // namespace
}  // namespace hanga
