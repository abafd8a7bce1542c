// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "client/cli/session.h"
#include "placement/profile.h"

namespace hanga::cli {
namespace {

const std::string kRig = HANGA_SOURCE_DIR "/docs/examples/topologies/rtx3090x1.toml";

// A model of 30 GiB in equal blocks.
std::string WriteProfile() {
  placement::ModelProfile profile;
  profile.model = "thirty";
  profile.width = profile.height = 1024;
  profile.steps = 20;
  for (int i = 0; i < 60; ++i) {
    placement::BlockProfile& block = profile.blocks.emplace_back();
    block.name = "blocks." + std::to_string(i);
    block.component = "transformer";
    block.stored_bytes = block.run_bytes = uint64_t{512} << 20;
    block.linear_flops = 2e12;
    block.activation_bytes = uint64_t{400} << 20;
  }
  const std::string path = testing::TempDir() + "/profile.json";
  std::ofstream(path) << placement::PrintProfile(profile);
  return path;
}

struct Outcome {
  absl::StatusOr<ExitCode> code;
  std::string output;
};

Outcome Plan(std::vector<std::string> arguments, bool json = false) {
  Session session;
  session.json = json;
  CLI::App app;
  AddPlanCommand(app, session);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  arguments.push_back("plan");
  app.parse(arguments);
  testing::internal::CaptureStdout();
  Outcome outcome = {session.run(session), ""};
  outcome.output = testing::internal::GetCapturedStdout();
  return outcome;
}

TEST(PlanCommandTest, ShowsWhatACardStreams) {
  const Outcome plan = Plan({WriteProfile(), "--topology", kRig});
  ASSERT_TRUE(plan.code.ok()) << plan.code.status();
  EXPECT_THAT(plan.output, testing::HasSubstr("cuda:0"));
  EXPECT_THAT(plan.output, testing::HasSubstr("thirty"));
}

TEST(PlanCommandTest, PrintsJsonAndSvg) {
  const Outcome json = Plan({WriteProfile(), "--topology", kRig}, true);
  ASSERT_TRUE(json.code.ok()) << json.code.status();
  EXPECT_EQ(nlohmann::json::parse(json.output)["model"], "thirty");
  const Outcome svg = Plan({WriteProfile(), "--topology", kRig, "--svg"});
  EXPECT_THAT(svg.output, testing::StartsWith("<svg"));
}

TEST(PlanCommandTest, TakesLeversWithUnits) {
  const Outcome wide = Plan({WriteProfile(), "--topology", kRig}, true);
  const Outcome narrow = Plan({WriteProfile(), "--topology", kRig, "--vram-limit", "8gb"}, true);
  ASSERT_TRUE(narrow.code.ok()) << narrow.code.status();
  const auto peak = [](const Outcome& plan) {
    return nlohmann::json::parse(plan.output)["groups"][0]["ranks"][0]["peak_bytes"]
        .get<uint64_t>();
  };
  EXPECT_LE(peak(narrow), uint64_t{8} << 30);
  EXPECT_GT(peak(wide), uint64_t{8} << 30);
}

TEST(PlanCommandTest, RefusesBadSizesAndFilesThatAreNotThere) {
  const Outcome size = Plan({WriteProfile(), "--topology", kRig, "--reserve-vram", "2"});
  EXPECT_THAT(std::string(size.code.status().message()), testing::HasSubstr("--reserve-vram"));
  const Outcome file = Plan({"none.json", "--topology", kRig});
  EXPECT_EQ(file.code.status().code(), absl::StatusCode::kInvalidArgument);
  const Outcome resident = Plan({WriteProfile(), "--topology", kRig, "--keep-resident"});
  EXPECT_EQ(resident.code.status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace hanga::cli
