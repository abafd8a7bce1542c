// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <stdexcept>

#include "tests/gpu/tiny_runs.h"
#include "worker/residency/step_graphs.h"

namespace hanga::gpu {
namespace {

using at::Tensor;

class StepGraphsTest : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped()) return;
    FillFor(blocks, at::kBFloat16, 0.5 / std::sqrt(params.hidden));
    MoveToDevice(blocks, at::kBFloat16);
  }

  FluxState Inputs(int64_t rows, int64_t columns) {
    FluxState s = OnDevice(SmallFluxInputs(params, 1, rows, columns, at::kBFloat16), at::kBFloat16);
    FluxState first = s;
    blocks[0].run(first);
    s.rope = first.rope;
    return s;
  }
  Tensor Eager(FluxState s) {
    blocks.Run(s);
    return s.img.clone();
  }
  Tensor Replayed(StepGraphs& graphs, FluxState s) {
    std::vector<Tensor*> tensors;
    s.ForEachTensor([&](Tensor& t) { tensors.push_back(&t); });
    graphs.Run("flux", tensors, [&] {
      blocks.Run(s);
      ++calls;
    });
    return s.img.clone();
  }

  const FluxParams params = SmallFlux();
  const BlockList<FluxState> blocks = MakeFlux(params);
  int calls = 0;
};

TEST_F(StepGraphsTest, ReplaysEqualEagerRunsBitForBit) {
  StepGraphs graphs;
  for (int run = 0; run < 6; ++run) {
    const FluxState inputs = Inputs(8, 12);
    EXPECT_TRUE(Replayed(graphs, inputs).equal(Eager(inputs))) << "run " << run;
  }
  EXPECT_EQ(calls, 2);  // once to warm up, once to capture
  EXPECT_EQ(graphs.size(), 1);
}

TEST_F(StepGraphsTest, ShapesTakeTurns) {
  StepGraphs graphs;
  for (int run = 0; run < 4; ++run)
    for (const int64_t columns : {3, 12, 7}) {
      const FluxState inputs = Inputs(8, columns);
      EXPECT_TRUE(Replayed(graphs, inputs).equal(Eager(inputs))) << columns << " columns";
    }
  EXPECT_EQ(calls, 6);
  EXPECT_EQ(graphs.size(), 3);
}

TEST_F(StepGraphsTest, ForgetsTheShapeThatWasUsedLongestAgo) {
  StepGraphs graphs(2);
  const FluxState a = Inputs(2, 3), b = Inputs(2, 4), c = Inputs(2, 5);
  for (const FluxState* s : {&a, &a, &b, &b, &a, &c, &c}) Replayed(graphs, *s);
  EXPECT_EQ(graphs.size(), 2);
  calls = 0;
  EXPECT_TRUE(Replayed(graphs, a).equal(Eager(a)));
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(Replayed(graphs, b).equal(Eager(b)));
  EXPECT_EQ(calls, 1);
}

TEST_F(StepGraphsTest, ChangedWeightsShowAfterClear) {
  StepGraphs graphs;
  const FluxState inputs = Inputs(4, 4);
  for (int run = 0; run < 3; ++run) Replayed(graphs, inputs);
  graphs.Clear();
  EXPECT_EQ(graphs.size(), 0);
  FillFor(blocks, at::kBFloat16, 0.03);
  MoveToDevice(blocks, at::kBFloat16);
  for (int run = 0; run < 3; ++run) EXPECT_TRUE(Replayed(graphs, inputs).equal(Eager(inputs)));
}

TEST_F(StepGraphsTest, AFailureWhileCapturingLeavesTheNextRunWhole) {
  StepGraphs graphs;
  Tensor x = at::ones({8}, at::kCUDA);
  const auto run = [&](bool fail) {
    graphs.Run("failing", {&x}, [&] {
      x = x * 2;
      if (fail) throw std::runtime_error("no");
    });
  };
  run(false);
  EXPECT_THROW(run(true), std::runtime_error);
  x = at::full({8}, 3.0, at::kCUDA);
  for (int i = 0; i < 3; ++i) run(false);
  EXPECT_TRUE(x.eq(24).all().item<bool>());
}

TEST_F(StepGraphsTest, CallsTheWorkEveryTimeOnACpuAndWithoutCapacity) {
  StepGraphs none(0), some(4);
  Tensor host = at::ones({2}), device = at::ones({2}, at::kCUDA);
  for (int i = 0; i < 3; ++i) {
    some.Run("cpu", {&host}, [&] { host = host + 1, ++calls; });
    none.Run("none", {&device}, [&] { device = device + 1, ++calls; });
  }
  EXPECT_EQ(calls, 6);
  EXPECT_EQ(some.size(), 0);
}

}  // namespace
}  // namespace hanga::gpu
