// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Whatever comes in at the port, others are served, and nothing is kept of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/time/clock.h"
#include "tests/system/hostile/hostile_port.h"

namespace hanga::system {
namespace {

constexpr uint8_t kData = 0, kHeaders = 1, kPing = 6, kContinuation = 9;
constexpr uint8_t kEndHeaders = 4;
constexpr char kSubmit[] = "/hanga.v1.GenerationService/SubmitJob";

class PortTest : public testing::Test {
 protected:
  PortTest()
      : daemon_({.models = {{"noop", NoopModel(folder_, "noop", 0)}}, .more = NoopWorkers()}) {
    Draw(daemon_.client(), PictureRequest("noop"));
    before_ = UseOf(daemon_.process().pid());
  }

  void ExpectOthersServed() {
    const absl::Time asked = absl::Now();
    EXPECT_TRUE(daemon_.client().ListModels().ok());
    EXPECT_LT(absl::Now() - asked, absl::Seconds(10));
    Draw(daemon_.client(), PictureRequest("noop"));
  }

  // The connections of the attack are closed.
  void ExpectNothingKept() {
    EXPECT_TRUE(Eventually([&] {
      return UseOf(daemon_.process().pid()).descriptors <= before_.descriptors + 4;
    })) << UseOf(daemon_.process().pid()).descriptors
        << " descriptors, " << before_.descriptors << " before";
    EXPECT_LT(UseOf(daemon_.process().pid()).resident_bytes, before_.resident_bytes + (64 << 20));
  }

  TemporaryFolder folder_;
  Daemon daemon_;
  Use before_;
};

TEST_F(PortTest, GarbageIsClosedAndForgotten) {
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    RawConnection connection(daemon_.address());
    ASSERT_TRUE(connection.connected());
    std::string garbage(1 + random() % 5000, '\0');
    for (char& byte : garbage) byte = static_cast<char>(random());
    if (i % 3 == 0) garbage = "GET /" + garbage + " HTTP/1.1\r\n\r\n";
    if (i % 3 == 1) garbage = Preface() + garbage;
    connection.Send(garbage);
  }
  ExpectOthersServed();
  ExpectNothingKept();
}

TEST_F(PortTest, FramesThatLieAboutThemselvesAreRefused) {
  const std::string call = Preface() + Frame(kHeaders, kEndHeaders, 1, CallHeaders(kSubmit));
  const std::string lies[] = {
      Preface() + Frame(kData, 0, 1, "data of a stream that is not open"),
      Preface() + Frame(kHeaders, kEndHeaders, 2, CallHeaders(kSubmit)),  // a server's stream
      Preface() + Frame(kHeaders, kEndHeaders, 1, std::string(500, '\xff')),
      Preface() + Frame(kContinuation, kEndHeaders, 1, CallHeaders(kSubmit)),
      Preface() + Frame(kPing, 0, 0, "short"),
      Preface() + Frame(0xee, 0xff, 0x7fffffff, std::string(100, 'x')),
      Preface() + std::string("\xff\xff\xff\x00\x00\x00\x00\x00\x01", 9),  // 16 MiB of DATA
      call + Frame(kData, 1, 1, std::string("\x00\xff\xff\xff\xff", 5)),   // 4 GiB of message
      call + Frame(kData, 1, 1, std::string("\x01\x00\x00\x00\x03zip", 8)),
      call + Frame(kData, 1, 1, std::string("\x00\x00", 2)),  // ends within its length
      call.substr(0, call.size() - 7)};
  for (const std::string& lie : lies) {
    RawConnection connection(daemon_.address());
    ASSERT_TRUE(connection.connected());
    connection.Send(lie);
    connection.CloseWrites();
    EXPECT_TRUE(connection.AwaitClosed(kPatience));
  }
  ExpectOthersServed();
  ExpectNothingKept();
}

TEST_F(PortTest, AThousandIdleConnectionsDisturbNobody) {
  std::vector<RawConnection> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.emplace_back(daemon_.address());
    ASSERT_TRUE(idle.back().connected()) << i;
    if (i % 2 == 0) idle.back().Send(Preface());
  }
  ExpectOthersServed();
  idle.clear();
  ExpectNothingKept();
}

TEST_F(PortTest, CallsThatNeverEndHoldNobodyUp) {
  // Each sends the beginning of a call, some a part of its message, and then nothing.
  std::vector<RawConnection> slow;
  for (int i = 0; i < 200; ++i) {
    slow.emplace_back(daemon_.address());
    const char* path = i % 2 == 0 ? kSubmit : "/hanga.v1.GenerationService/UploadBlob";
    slow.back().Send(Preface() + Frame(kHeaders, kEndHeaders, 1, CallHeaders(path)));
    if (i % 4 < 2) slow.back().Send(Frame(kData, 0, 1, std::string("\x00\x00\x00\x10\x00\x0a", 6)));
  }
  ExpectOthersServed();
  // A byte more each, which keeps them alive and gets them nothing.
  for (RawConnection& connection : slow) connection.Send(Frame(kData, 0, 1, "x"));
  ExpectOthersServed();
  slow.clear();
  ExpectNothingKept();
}

TEST_F(PortTest, MillionsOfPingsAreNotAnswered) {
  RawConnection connection(daemon_.address());
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += Frame(kPing, 0, 0, "12345678");
  connection.Send(Preface());
  for (int i = 0; i < 100 && connection.Send(pings); ++i) {
  }
  EXPECT_TRUE(connection.AwaitClosed(kPatience)) << "100,000 pings are too many";
  ExpectOthersServed();
  ExpectNothingKept();
}

}  // namespace
}  // namespace hanga::system
