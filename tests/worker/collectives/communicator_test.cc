// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/communicator.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/collectives/ranks.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;
using testing::Ranks;

class CommunicatorTest : public ::testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Sizes, CommunicatorTest, ::testing::Values(1, 2, 3, 5));

at::Tensor Numbers(int rank, at::ScalarType type) {
  return (at::arange(24, at::kFloat).view({2, 3, 4}) * 1.5 + 100 * rank).to(type);
}

TEST_P(CommunicatorTest, PassesTensorsRoundBitForBit) {
  Ranks ranks(GetParam());
  ranks.Run([](Communicator& c) {
    if (c.size() == 1) return;
    const int next = (c.rank() + 1) % c.size(), before = (c.rank() + c.size() - 1) % c.size();
    for (const auto type :
         {at::kFloat, at::kBFloat16, at::kHalf, at::kLong, at::kByte, at::kBool}) {
      ASSERT_TRUE(c.Send(next, Numbers(c.rank(), type)).ok());
      const auto got = c.Receive(before, {2, 3, 4}, type);
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_TRUE(got->equal(Numbers(before, type))) << type;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(got->data_ptr()) % 64, 0u) << "aligned as at::empty";
    }
  });
}

TEST_P(CommunicatorTest, KeepsNotANumberAndInfinityAndSignedZero) {
  Ranks ranks(GetParam());
  ranks.Run([](Communicator& c) {
    const at::Tensor odd = at::tensor({0.0F, -0.0F, INFINITY, NAN});
    const auto got = c.Broadcast(0, c.rank() == 0 ? odd : at::zeros({4}));
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_TRUE(got->view(at::kInt).equal(odd.view(at::kInt)));
  });
}

TEST_P(CommunicatorTest, SendsEmptyAndLargeTensors) {
  Ranks ranks(GetParam());
  ranks.Run([](Communicator& c) {
    for (const int64_t rows : {0, 1, 3'000'000}) {
      const auto got =
          c.Broadcast(c.size() - 1, c.rank() == c.size() - 1 ? at::arange(rows, at::kLong)
                                                             : at::zeros({rows}, at::kLong));
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_TRUE(got->equal(at::arange(rows, at::kLong)));
    }
  });
}

TEST_P(CommunicatorTest, GathersEveryRanksTensor) {
  Ranks ranks(GetParam());
  ranks.Run([](Communicator& c) {
    const auto all = c.AllGather(Numbers(c.rank(), at::kFloat));
    ASSERT_TRUE(all.ok()) << all.status();
    ASSERT_EQ(all->size(0), c.size());
    for (int r = 0; r < c.size(); ++r) EXPECT_TRUE((*all)[r].equal(Numbers(r, at::kFloat)));
  });
}

TEST_P(CommunicatorTest, ExchangesRowsAllToAll) {
  Ranks ranks(GetParam());
  ranks.Run([](Communicator& c) {
    const at::Tensor rows = at::arange(c.size(), at::kLong) + 10 * c.rank();
    const auto got = c.AllToAll(rows);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_TRUE(got->equal(at::arange(c.size(), at::kLong) * 10 + c.rank()));
  });
}

TEST_P(CommunicatorTest, HoldsEveryoneAtABarrier) {
  Ranks ranks(GetParam());
  std::atomic<int> arrived = 0;
  ranks.Run([&](Communicator& c) {
    for (int round = 1; round <= 20; ++round) {
      ++arrived;
      ASSERT_TRUE(c.Barrier().ok());
      EXPECT_GE(arrived.load(), round * c.size());
      ASSERT_TRUE(c.Barrier().ok());
    }
  });
}

TEST(CommunicatorTest, MessagesComeBesideTensorsInTheirOwnOrder) {
  Ranks ranks(2);
  ASSERT_TRUE(ranks[1].SendMessage(0, "first").ok());
  ASSERT_TRUE(ranks[1].Send(0, at::ones({2})).ok());
  ASSERT_TRUE(ranks[1].SendMessage(0, "second").ok());
  EXPECT_TRUE(ranks[0].Receive(1, {2}, at::kFloat).ok());
  for (const char* expected : {"first", "second"}) {
    const auto message = ranks[0].NextMessage(absl::Seconds(20));
    ASSERT_TRUE(message.ok()) << message.status();
    EXPECT_EQ(message->from, 1);
    EXPECT_EQ(message->bytes, expected);
  }
  EXPECT_TRUE(absl::IsDeadlineExceeded(ranks[0].NextMessage(absl::ZeroDuration()).status()));
  EXPECT_TRUE(ranks[0].status().ok()) << "to wait in vain for a message breaks nothing";
}

TEST(CommunicatorTest, AnotherShapeThanExpectedBreaksIt) {
  Ranks ranks(2);
  ASSERT_TRUE(ranks[0].Send(1, at::ones({2, 3})).ok());
  const auto got = ranks[1].Receive(0, {3, 2}, at::kFloat);
  EXPECT_TRUE(absl::IsInternal(got.status()));
  EXPECT_THAT(std::string(got.status().message()), HasSubstr("Float [2, 3]"));
  EXPECT_THAT(std::string(got.status().message()), HasSubstr("Float [3, 2]"));
}

TEST(CommunicatorTest, AbortWakesEveryRank) {
  Ranks ranks(3);
  ranks.Run([](Communicator& c) {
    if (c.rank() == 1) {
      c.Abort("the scheduler took it back");
      EXPECT_THAT(std::string(c.status().message()), HasSubstr("took it back"));
      return;
    }
    const auto got = c.Receive(1, {1}, at::kFloat);
    EXPECT_TRUE(absl::IsAborted(got.status())) << got.status();
    EXPECT_THAT(std::string(got.status().message()), HasSubstr("workers/cpu-"));
    EXPECT_TRUE(absl::IsAborted(c.Barrier()));
    EXPECT_TRUE(absl::IsAborted(c.NextMessage(absl::InfiniteDuration()).status()));
    c.AwaitBroken();
  });
}

TEST(CommunicatorTest, ARankThatGoesIsNoticedAtOnce) {
  Ranks ranks(2);
  ranks.Leave(1);
  const auto got = ranks[0].Receive(1, {1}, at::kFloat);
  EXPECT_TRUE(absl::IsAborted(got.status()));
  EXPECT_THAT(std::string(got.status().message()),
              HasSubstr("workers/cpu-1 (rank 1) closed the connection"));
}

TEST(CommunicatorTest, ATensorHasAPatienceOfItsOwn) {
  Ranks ranks(2);
  ranks[0].set_patience(/*silence=*/absl::Minutes(5), /*transfer=*/absl::Milliseconds(50));
  EXPECT_TRUE(absl::IsAborted(ranks[0].Receive(1, {1}, at::kFloat).status()));
}

TEST(CommunicatorTest, ATensorThatDoesNotComeBreaksItAfterThePatience) {
  Ranks ranks(2);
  ranks[0].set_patience(absl::Milliseconds(600));
  const auto got = ranks[0].Receive(1, {1}, at::kFloat);  // the other one lives, and sends nothing
  EXPECT_TRUE(absl::IsAborted(got.status()));
  EXPECT_THAT(std::string(got.status().message()), HasSubstr("did not send within 600ms"));
  ranks[1].AwaitBroken();
}

}  // namespace
}  // namespace hanga
