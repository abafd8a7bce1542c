// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace hanga {
namespace {

ParsedCommandLine Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "hangad");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLineTest, RunsByDefault) {
  const auto parsed = Parse({"--model", "demo=/models/demo", "--device", "cpu:0", "--device",
                             "cpu:1", "--listen", "127.0.0.1:0"});
  ASSERT_TRUE(parsed.run);
  EXPECT_EQ(parsed.line.command, Command::kRun);
  EXPECT_THAT(parsed.line.config.workers.devices, testing::ElementsAre("cpu:0", "cpu:1"));
  ASSERT_EQ(parsed.line.config.models.size(), 1);
  EXPECT_EQ(parsed.line.config.models[0].name, "demo");
  EXPECT_EQ(parsed.line.config.models[0].path, "/models/demo");
}

TEST(CommandLineTest, LaysFlagsOverTheFile) {
  const std::string path = testing::TempDir() + "/command_line_test.toml";
  std::ofstream(path) << "[server]\nlisten = \"127.0.0.1:1\"\ngrace = \"5s\"\n";
  const auto parsed = Parse({"check-config", "--config", path.c_str(), "--listen", "127.0.0.1:2"});
  ASSERT_TRUE(parsed.run);
  EXPECT_EQ(parsed.line.command, Command::kCheckConfig);
  EXPECT_EQ(parsed.line.config.server.listen, "127.0.0.1:2");
  EXPECT_EQ(parsed.line.config.server.grace, absl::Seconds(5));
}

TEST(CommandLineTest, RefusesWhatItDoesNotUnderstand) {
  for (const std::vector<const char*>& arguments : {std::vector<const char*>{"--frobnicate"},
                                                    {"--model", "demo"},
                                                    {"--model", "../x=/m"},
                                                    {"--grace", "soon"},
                                                    {"--listen", "nowhere"},
                                                    {"--log-level", "loud"},
                                                    {"--threads", "0"},
                                                    {"--config", "/nonexistent.toml"}}) {
    const auto parsed = Parse(arguments);
    EXPECT_FALSE(parsed.run) << arguments[0];
    EXPECT_EQ(parsed.exit_code, 2) << arguments[0];
  }
}

TEST(CommandLineTest, PrintsHelpAndVersion) {
  EXPECT_EQ(Parse({"--help"}).exit_code, 0);
  EXPECT_EQ(Parse({"--version"}).exit_code, 0);
}

}  // namespace
}  // namespace hanga
