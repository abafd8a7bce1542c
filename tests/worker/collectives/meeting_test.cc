// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Who may join, and what strangers can do.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "tests/worker/collectives/ranks.h"
#include "worker/collectives/handshake.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;
using testing::kSecret;
using testing::Ranks;

constexpr absl::Duration kLong = absl::Seconds(30);

MeshOptions Pair(int rank, const std::vector<std::string>& addresses) {
  MeshOptions options;
  options.group = 7;
  options.rank = rank;
  options.addresses = addresses;
  options.names = {"workers/a", "workers/b"};
  options.secret = kSecret;
  return options;
}

TEST(MeetingTest, RanksMeetOverUnixSockets) {
  const std::string folder = ::testing::TempDir() + "/hanga-meet-" + std::to_string(getpid());
  const auto first = Listener::Open("unix:" + folder + ".0"),
             second = Listener::Open("unix:" + folder + ".1");
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  const std::vector<std::string> addresses = {first->address(), second->address()};
  int suspect = -1, ignored = -1;
  absl::StatusOr<std::unique_ptr<Mesh>> a, b;
  std::thread other([&] { b = Mesh::Join(*second, Pair(1, addresses), &ignored); });
  a = Mesh::Join(*first, Pair(0, addresses), &suspect);
  other.join();
  ASSERT_TRUE(a.ok() && b.ok()) << a.status() << b.status();
  ASSERT_TRUE((*a)->Send(1, {Channel::kMessage, "hello", {}}).ok());
  const auto got = (*b)->Receive(0, Channel::kMessage, kLong);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->frame.head, "hello");
}

TEST(MeetingTest, SomeoneWhoNeverComesIsNamed) {
  const auto listener = Listener::Open("127.0.0.1:0"), nobody = Listener::Open("127.0.0.1:0");
  MeshOptions options = Pair(0, {listener->address(), nobody->address()});
  options.meeting = absl::Milliseconds(50);
  int suspect = -1;
  const auto mesh = Mesh::Join(*listener, options, &suspect);
  EXPECT_TRUE(absl::IsUnavailable(mesh.status()));
  EXPECT_EQ(suspect, 1);
  EXPECT_THAT(std::string(mesh.status().message()), HasSubstr("workers/b (rank 1) was not met"));
}

// A caller and a listener with identities of their own.
std::pair<absl::Status, absl::Status> Greet(const GroupIdentity& listening,
                                            const GroupIdentity& calling) {
  const auto listener = Listener::Open("127.0.0.1:0");
  absl::Status heard, called;
  std::thread caller([&] {
    const auto socket = Connect(listener->address(), kLong);
    called = GreetListener(*socket, calling, listening.rank, kLong);
  });
  {
    const auto socket = listener->Accept(kLong);
    heard = GreetCaller(*socket, listening, kLong).status();
  }
  caller.join();
  return {heard, called};
}

TEST(MeetingTest, BothSidesMustKnowTheSecret) {
  const GroupIdentity zero = {7, 0, 2, kSecret}, one = {7, 1, 2, kSecret};
  EXPECT_TRUE(Greet(zero, one).first.ok());
  GroupIdentity impostor = one;
  impostor.secret = std::string(32, 'x');
  EXPECT_FALSE(Greet(zero, impostor).first.ok());
  GroupIdentity false_listener = zero;
  false_listener.secret = std::string(32, 'x');
  EXPECT_TRUE(absl::IsUnauthenticated(Greet(false_listener, one).second));
}

TEST(MeetingTest, AnotherGroupSizeOrRankIsSentAway) {
  const GroupIdentity zero = {7, 0, 2, kSecret};
  for (const GroupIdentity& wrong : {GroupIdentity{8, 1, 2, kSecret},
                                     {7, 1, 3, kSecret},
                                     {7, 2, 2, kSecret},
                                     {7, 0, 2, kSecret},
                                     {7, -1, 2, kSecret}}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(Greet(zero, wrong).first)) << wrong.rank;
  }
}

// Connections that say nothing, nonsense, or go away, before and while the ranks meet.
TEST(MeetingTest, StrangersDoNotKeepRanksFromMeeting) {
  const auto first = Listener::Open("127.0.0.1:0"), second = Listener::Open("127.0.0.1:0");
  const std::vector<std::string> addresses = {first->address(), second->address()};
  std::vector<Socket> strangers;
  std::mt19937 random(5);
  for (int i = 0; i < 40; ++i) {
    auto stranger = Connect(first->address(), kLong);
    ASSERT_TRUE(stranger.ok()) << stranger.status();
    std::string noise(random() % 100, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    if (i % 3 != 0) {
      ASSERT_TRUE(stranger->Write(noise.data(), noise.size(), kLong).ok());
    }
    if (i % 4 != 0) strangers.push_back(*std::move(stranger));
  }
  int suspect = -1, ignored = -1;
  absl::StatusOr<std::unique_ptr<Mesh>> a, b;
  std::thread other([&] { b = Mesh::Join(*second, Pair(1, addresses), &ignored); });
  a = Mesh::Join(*first, Pair(0, addresses), &suspect);
  other.join();
  EXPECT_TRUE(a.ok()) << a.status();
  EXPECT_TRUE(b.ok()) << b.status();
}

// A rank that knows the secret and then sends nonsense.
class HostileRankTest : public ::testing::TestWithParam<FrameStart> {};

INSTANTIATE_TEST_SUITE_P(Starts, HostileRankTest,
                         ::testing::Values(FrameStart{9, 0, 0}, FrameStart{1, 1U << 31, 0},
                                           FrameStart{2, 0, UINT64_MAX},
                                           FrameStart{0xffffffff, 0xffffffff, 1}));

TEST_P(HostileRankTest, BreaksTheGroupAndNothingElse) {
  const auto listener = Listener::Open("127.0.0.1:0"), nobody = Listener::Open("127.0.0.1:0");
  const std::vector<std::string> addresses = {listener->address(), nobody->address()};
  Socket hostile;
  std::thread caller([&] {
    auto socket = Connect(listener->address(), kLong);
    ASSERT_TRUE(GreetListener(*socket, {7, 1, 2, kSecret}, 0, kLong).ok());
    hostile = *std::move(socket);
  });
  int suspect = -1;
  const auto mesh = Mesh::Join(*listener, Pair(0, addresses), &suspect);
  caller.join();
  ASSERT_TRUE(mesh.ok()) << mesh.status();
  const FrameStart start = GetParam();
  ASSERT_TRUE(hostile.Write(&start, sizeof(start), kLong).ok());
  (*mesh)->AwaitBroken();
  EXPECT_THAT(std::string((*mesh)->status().message()), HasSubstr("sent what no rank sends"));
}

TEST(MeetingTest, ABodyThatIsPromisedAndNeverSentEndsWithThePatience) {
  const auto listener = Listener::Open("127.0.0.1:0"), nobody = Listener::Open("127.0.0.1:0");
  MeshOptions options = Pair(0, {listener->address(), nobody->address()});
  options.patience = absl::Milliseconds(50);
  Socket hostile;
  std::thread caller([&] {
    auto socket = Connect(listener->address(), kLong);
    ASSERT_TRUE(GreetListener(*socket, {7, 1, 2, kSecret}, 0, kLong).ok());
    const FrameStart start = {2, 0, uint64_t{1} << 33};
    ASSERT_TRUE(socket->Write(&start, sizeof(start), kLong).ok());
    hostile = *std::move(socket);
  });
  int suspect = -1;
  const auto mesh = Mesh::Join(*listener, options, &suspect);
  caller.join();
  ASSERT_TRUE(mesh.ok()) << mesh.status();
  (*mesh)->AwaitBroken();
  EXPECT_THAT(std::string((*mesh)->status().message()), HasSubstr("is silent for 50ms"));
  EXPECT_EQ((*mesh)->suspect(), 1);
}

// A process of its own, which may be killed and stopped.
class ProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Opened before the fork, so that both know both addresses.
    listeners_.push_back(*Listener::Open("127.0.0.1:0"));
    listeners_.push_back(*Listener::Open("127.0.0.1:0"));
    const std::vector<std::string> addresses = {listeners_[0].address(), listeners_[1].address()};
    child_ = fork();
    if (child_ == 0) {
      int suspect = -1;
      auto mesh = Mesh::Join(listeners_[1], Pair(1, addresses), &suspect);
      for (;;) pause();
    }
    int suspect = -1;
    MeshOptions options = Pair(0, addresses);
    options.patience = absl::Seconds(2);
    auto mesh = Mesh::Join(listeners_[0], options, &suspect);
    ASSERT_TRUE(mesh.ok()) << mesh.status();
    mesh_ = *std::move(mesh);
  }
  void TearDown() override {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

  std::vector<Listener> listeners_;
  pid_t child_ = -1;
  std::unique_ptr<Mesh> mesh_;
};

TEST_F(ProcessTest, AKilledRankIsNoticedAtOnce) {
  mesh_->set_patience(kLong);
  kill(child_, SIGKILL);
  mesh_->AwaitBroken();
  EXPECT_THAT(std::string(mesh_->status().message()), HasSubstr("workers/b (rank 1)"));
}

TEST_F(ProcessTest, AStoppedRankIsNoticedAfterThePatience) {
  kill(child_, SIGSTOP);
  mesh_->AwaitBroken();
  EXPECT_THAT(std::string(mesh_->status().message()),
              HasSubstr("workers/b (rank 1) is silent for 2s"));
  EXPECT_EQ(mesh_->suspect(), 1);
}

}  // namespace
}  // namespace hanga
