// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The UNets on the device: with weights as they come and packed in slabs, launched and replayed.
#include "tests/gpu/tiny_runs.h"
#include "worker/layers/linear.h"
#include "worker/residency/slab_layout.h"
#include "worker/residency/step_graphs.h"

namespace hanga::gpu {
namespace {

using at::Tensor;

// Heads of 40, 80 and 160 as Stable Diffusion 1 has them, or of 64 as XL.
UnetParams SmallUnet(bool xl) {
  UnetParams p = testing::TinyUnet(xl);
  p.channels = xl ? std::vector<int64_t>{64, 128, 256} : std::vector<int64_t>{80, 160, 320};
  p.heads = xl ? std::vector<int64_t>{1, 2, 4} : std::vector<int64_t>{2, 2, 2};
  p.norm_groups = 16;
  return p;
}

UnetState Inputs(const UnetParams& p, int64_t batch, at::ScalarType type) {
  UnetState s = testing::UnetInputs(p, batch);
  s.x = Random({batch, p.in_channels, 19, 14}, type);
  s.text = Random({batch, 77, p.text_dim}, type);
  if (s.pooled.defined()) s.pooled = s.pooled.to(type).to(at::kFloat);
  return s;
}

UnetState MovedInputs(UnetState s, at::ScalarType type) {
  s.x = OnDevice(s.x, type).contiguous(at::MemoryFormat::ChannelsLast);
  for (Tensor* t : {&s.text, &s.pooled}) *t = OnDevice(*t, type);
  for (Tensor* t : {&s.timestep, &s.sizes}) *t = OnDevice(*t, at::kFloat);
  return s;
}

class UnetTest : public GpuTest {
 protected:
  static Tensor Run(const BlockList<UnetState>& blocks, UnetState s) {
    blocks.Run(s);
    return s.x;
  }
  static void PackAll(const BlockList<UnetState>& blocks) {
    for (const BlockWeights* block : blocks.Weights()) Pack(*block);
  }
};

TEST_F(UnetTest, AgreesWithTheCpuAsItComesAndPacked) {
  for (const bool xl : {false, true})
    for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
      const UnetParams p = SmallUnet(xl);
      const auto reference = MakeUnet(p), blocks = MakeUnet(p);
      FillFor(reference, type, 0.05), FillFor(blocks, type, 0.05);
      const UnetState inputs = Inputs(p, 2, type);
      const auto expected = Run(reference, inputs);
      const double tolerance = type == at::kFloat ? 1e-5 : 3e-2;
      MoveToDevice(blocks, type);
      ExpectNear(Run(blocks, MovedInputs(inputs, type)), expected, tolerance);
      PackAll(blocks);
      ExpectNear(Run(blocks, MovedInputs(inputs, type)), expected, tolerance);
    }
}

TEST_F(UnetTest, ReplaysEqualLaunchesBitForBit) {
  for (const bool xl : {false, true}) {
    const UnetParams p = SmallUnet(xl);
    const auto blocks = MakeUnet(p);
    FillFor(blocks, at::kBFloat16, 0.05);
    MoveToDevice(blocks, at::kBFloat16);
    PackAll(blocks);
    StepGraphs graphs;
    for (int run = 0; run < 4; ++run) {
      UnetState s = MovedInputs(Inputs(p, 2, at::kBFloat16), at::kBFloat16);
      const Tensor launched = Run(blocks, s);
      std::vector<Tensor*> tensors;
      s.ForEachTensor([&](Tensor& t) { tensors.push_back(&t); });
      graphs.Run("unet", tensors, [&] { blocks.Run(s); });
      EXPECT_TRUE(s.x.equal(launched)) << "run " << run;
    }
    EXPECT_EQ(graphs.size(), 1);
  }
}

TEST_F(UnetTest, PackedWeightsOfABlockLieSideBySide) {
  BlockWeights block;
  const Scope w(&block.slots);
  Linear q(w / "q", 64, 64, false), k(w / "k", 64, 32, false), v(w / "v", 64, 64, false);
  for (const Slot& slot : block.slots) *slot.tensor = at::randn(slot.shape, at::kCUDA);
  const Tensor expected = at::cat({q.weight, k.weight, v.weight});
  EXPECT_FALSE(SideBySide({&q, &k, &v}).defined());
  Pack(block);
  ASSERT_TRUE(SideBySide({&q, &k, &v}).defined());
  EXPECT_TRUE(SideBySide({&q, &k, &v}).equal(expected));
  EXPECT_FALSE(SideBySide({&q, &v}).defined());
}

}  // namespace
}  // namespace hanga::gpu
