// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Ranks on GPUs, a thread each; skipped where there are not enough of them.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <gtest/gtest.h>

#include <barrier>

#include "tests/worker/collectives/ranks.h"
#include "worker/collectives/nccl_communicator.h"

namespace hanga {
namespace {

using testing::MeshesOf;

class NcclTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (c10::cuda::device_count() < GetParam()) GTEST_SKIP() << "needs " << GetParam() << " GPUs";
  }

  // Runs `work` on a thread for each rank, with its device current.
  void Run(const std::function<void(Communicator&)>& work) {
    std::vector<std::unique_ptr<Mesh>> meshes = MeshesOf(GetParam());
    std::vector<std::thread> threads;
    std::barrier done(GetParam());
    for (int rank = 0; rank < GetParam(); ++rank) {
      threads.emplace_back([&, rank] {
        const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(rank));
        auto communicator =
            MakeNcclCommunicator(std::move(meshes[rank]), absl::StrCat("cuda:", rank));
        ASSERT_TRUE(communicator.ok()) << communicator.status();
        work(**communicator);
        done.arrive_and_wait();  // one that goes would break those that are not through
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  static at::Tensor Numbers(const Communicator& c, int rank, int64_t rows = 1000) {
    return (at::arange(rows, at::TensorOptions().dtype(at::kFloat).device(at::kCUDA, c.rank())) +
            1000 * rank)
        .to(at::kBFloat16);
  }
};

INSTANTIATE_TEST_SUITE_P(Sizes, NcclTest, ::testing::Values(1, 2, 4));

TEST_P(NcclTest, PassesTensorsRoundBitForBit) {
  Run([](Communicator& c) {
    const int next = (c.rank() + 1) % c.size(), before = (c.rank() + c.size() - 1) % c.size();
    if (c.size() == 1) return;
    for (int round = 0; round < 20; ++round) {
      ASSERT_TRUE(c.Send(next, Numbers(c, c.rank() + round)).ok());
      const auto got = c.Receive(before, {1000}, at::kBFloat16);
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_TRUE(got->equal(Numbers(c, before + round)));
    }
  });
}

TEST_P(NcclTest, CollectivesGiveWhatSocketsGive) {
  Run([](Communicator& c) {
    const auto root = c.Broadcast(0, Numbers(c, c.rank()));
    ASSERT_TRUE(root.ok()) << root.status();
    EXPECT_TRUE(root->equal(Numbers(c, 0)));
    const auto all = c.AllGather(Numbers(c, c.rank()));
    ASSERT_TRUE(all.ok()) << all.status();
    for (int r = 0; r < c.size(); ++r) EXPECT_TRUE((*all)[r].equal(Numbers(c, r)));
    const auto cells = c.AllToAll(Numbers(c, c.rank(), c.size()));
    ASSERT_TRUE(cells.ok()) << cells.status();
    for (int r = 0; r < c.size(); ++r) {
      EXPECT_TRUE((*cells)[r].equal(Numbers(c, r, c.size())[c.rank()]));
    }
    EXPECT_TRUE(c.Barrier().ok());
  });
}

// The receiver hears of what is sent when it is there, and neither end waits on its host.
TEST_P(NcclTest, WhatIsBeingComputedLeavesWhenItIsThere) {
  if (GetParam() != 2) GTEST_SKIP() << "of two ranks";
  Run([](Communicator& c) {
    const int other = 1 - c.rank();
    for (int i = 0; i < 8; ++i) {
      // Some milliseconds of work in front of the state.
      at::Tensor big =
          at::ones({4096, 4096}, at::TensorOptions().dtype(at::kFloat).device(at::kCUDA, c.rank()));
      for (int k = 0; k < 10; ++k) big = big.matmul(big) / 4096;
      const at::Tensor numbers = Numbers(c, i, 4'000'000) * big[0][0].to(at::kBFloat16);
      ASSERT_TRUE(c.SendComputed(other, absl::StrCat(i), {numbers, Numbers(c, i)}).ok());
    }
    for (int i = 0; i < 8; ++i) {
      const auto told = c.NextMessage(absl::Seconds(20));
      ASSERT_TRUE(told.ok()) << told.status();
      EXPECT_EQ(told->bytes, absl::StrCat(i));
      const auto state = c.Receive(other, {4'000'000}, at::kBFloat16);
      const auto small = c.Receive(other, {1000}, at::kBFloat16);
      ASSERT_TRUE(state.ok() && small.ok()) << state.status() << small.status();
      EXPECT_TRUE(state->equal(Numbers(c, i, 4'000'000)));
      EXPECT_TRUE(small->equal(Numbers(c, i)));
    }
  });
}

// A state goes up while results come down: neither waits for the other.
TEST_P(NcclTest, TensorsGoBothWaysAtOnce) {
  if (GetParam() != 2) GTEST_SKIP() << "of two ranks";
  Run([](Communicator& c) {
    const int other = 1 - c.rank();
    for (int i = 0; i < 8; ++i) {
      ASSERT_TRUE(c.Send(other, Numbers(c, i, 4'000'000)).ok());
    }
    for (int i = 0; i < 8; ++i) {
      const auto got = c.Receive(other, {4'000'000}, at::kBFloat16);
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_TRUE(got->equal(Numbers(c, i, 4'000'000)));
    }
  });
}

// The kernel that waits for a rank ends, and the device goes on.
TEST_P(NcclTest, ATensorThatNeverComesIsAbortedAfterThePatience) {
  if (GetParam() != 2) GTEST_SKIP() << "of two ranks";
  Run([](Communicator& c) {
    // Once, so that the connection is there.
    ASSERT_TRUE(c.Broadcast(0, Numbers(c, 0)).ok());
    if (c.rank() == 0) {
      c.set_patience(absl::Milliseconds(500));
      const auto got = c.Receive(1, {1000}, at::kBFloat16);
      c.AwaitBroken();
    } else {
      c.AwaitBroken();
    }
    EXPECT_TRUE(absl::IsAborted(c.status())) << c.status();
    c10::cuda::getCurrentCUDAStream().synchronize();
    EXPECT_TRUE(Numbers(c, 3).equal(Numbers(c, 3)));
  });
}

}  // namespace
}  // namespace hanga
