// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "logging/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "absl/strings/str_cat.h"
#include "logging/log_limit.h"

namespace hanga {
namespace {

nlohmann::json Members(const std::string& message) {
  return nlohmann::json::parse(absl::StrCat("{", JsonMembersOf(message), "}"));
}

TEST(LogTest, GivesEachPairAMemberOfItsOwn) {
  const auto members = Members("worker backs off worker=cpu-0 for=2s problem=\"it = \\ ended\"");
  EXPECT_EQ(members["worker"], "cpu-0");
  EXPECT_EQ(members["for"], "2s");
  EXPECT_EQ(members["problem"], "it = \\ ended");
  EXPECT_EQ(members["message"].get<std::string>().substr(0, 16), "worker backs off");
}

TEST(LogTest, NeverReplacesItsOwnMembersAndIsAlwaysJson) {
  const auto members = Members("x message=y time=z level=w =a b= \"\xff\n");
  EXPECT_EQ(members["message"].get<std::string>().substr(0, 11), "x message=y");
  EXPECT_FALSE(members.contains("time"));
  EXPECT_FALSE(members.contains("level"));
}

TEST(LogTest, RefusesLevelsAndFormatsThatItDoesNotHave) {
  EXPECT_THAT(std::string(StartLogging("hangad", "loud", "text").message()),
              testing::HasSubstr("--log-level: loud is not one of"));
  EXPECT_THAT(std::string(StartLogging("hangad", "info", "xml").message()),
              testing::HasSubstr("--log-format: xml is not one of"));
}

TEST(LogLimitTest, ToldKindsDifferInTheirWordsAndNotInTheirIds) {
  EXPECT_EQ(KindOfMessage("worker refused worker=cpu-1"),
            KindOfMessage("worker refused worker=cpu-2"));
  EXPECT_EQ(KindOfMessage("workers/cpu-1 is quarantined: 5 tasks"),
            KindOfMessage("workers/cpu-22 is quarantined: 7 tasks"));
  EXPECT_NE(KindOfMessage("worker started worker=a"), KindOfMessage("worker refused worker=a"));
}

TEST(LogLimitTest, LetsABurstPassThenSaysHowManyItLeftOut) {
  std::ostringstream out;
  auto stream = std::make_shared<spdlog::sinks::ostream_sink_mt>(out);
  LimitedSink sink(stream);
  sink.set_pattern("%v");
  const auto log = [&](const std::string& text, int second) {
    const spdlog::log_clock::time_point time{std::chrono::seconds(1000 + second)};
    sink.log(spdlog::details::log_msg(time, spdlog::source_loc{}, "", spdlog::level::warn, text));
  };
  for (int i = 0; i < LimitedSink::kBurst + 30; ++i) log(absl::StrCat("refused peer=", i), 0);
  log("another event", 1);
  EXPECT_THAT(out.str(), testing::HasSubstr("refused peer=99\n"));
  EXPECT_THAT(out.str(), testing::Not(testing::HasSubstr("refused peer=100\n")));
  EXPECT_THAT(out.str(), testing::HasSubstr("another event\n"));
  log("refused peer=again", 11);
  EXPECT_THAT(out.str(), testing::HasSubstr("messages left out count=30 like=\"refused peer\"\n"));
  EXPECT_THAT(out.str(), testing::HasSubstr("refused peer=again\n"));
}

}  // namespace
}  // namespace hanga
