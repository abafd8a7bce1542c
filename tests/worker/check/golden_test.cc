// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "worker/check/check_main.h"
#include "worker/check/report.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string kGolden = HANGA_SOURCE_DIR "/tests/golden";

struct Outcomes {
  int code;
  std::string output;
};

Outcomes Check(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "check");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  ::testing::internal::CaptureStdout();
  const int code = CheckMain(static_cast<int>(argv.size()), argv.data());
  return {code, ::testing::internal::GetCapturedStdout()};
}

TEST(GoldenTest, AgreesWithTheReferenceInEveryCase) {
  const Outcomes all = Check({kGolden});
  EXPECT_EQ(all.code, 0) << all.output;
  EXPECT_THAT(all.output, HasSubstr(" passed, 0 failed"));
}

TEST(GoldenTest, CountsUnknownKindsAsFailedOnlyWhenStrict) {
  const fs::path folder = fs::path(::testing::TempDir()) / "unknown_kind";
  fs::create_directories(folder);
  std::ofstream(folder / "case.json") << R"({"case": "crystal_ball", "runs": {}})";
  const Outcomes lenient = Check({folder}), strict = Check({folder, "--strict"});
  EXPECT_EQ(lenient.code, 0);
  EXPECT_THAT(lenient.output, EndsWith("0 passed, 0 failed, 1 skipped\n"));
  EXPECT_NE(strict.code, 0);
  EXPECT_THAT(strict.output, EndsWith("0 passed, 1 failed\n"));
}

TEST(GoldenTest, FailsWhereTheReferenceSaysOtherwise) {
  const fs::path root = fs::path(::testing::TempDir()) / "spoiled";
  fs::remove_all(root);
  fs::create_directories(root);
  fs::create_directory_symlink(kGolden + "/models", root / "models");
  fs::copy(kGolden + "/t5", root / "t5");
  // The last bytes are the last tensor's last values.
  std::fstream file(root / "t5" / "outputs.safetensors",
                    std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-4, std::ios::end);
  file.write("\x00\x00\x80\x42", 4);  // 64.0f
  file.close();
  const Outcomes spoiled = Check({root});
  EXPECT_NE(spoiled.code, 0);
  EXPECT_THAT(spoiled.output, HasSubstr("1 failed"));
  EXPECT_THAT(Check({root, "--json"}).output, HasSubstr("\"failed\": 1"));
}

TEST(GoldenTest, SaysWhatIsWrongWithTheArguments) {
  EXPECT_EQ(Check({"/no/such/folder"}).code, 2);
  EXPECT_EQ(Check({kGolden, "--device", "abacus"}).code, 2);
}

TEST(ReportTest, FailsOnNaNAndOnNothingCompared) {
  Report report;
  report.Add("a", "r", "").quantities.push_back({"x", NAN, 1, ""});
  report.Add("b", "r", "");
  report.Add("c", "r", "").quantities.push_back({"x", 1e-6, 1e-5, ""});
  EXPECT_EQ(report.Count(Outcome::kFailed, false), 2u);
  EXPECT_THAT(report.Text(false), EndsWith("1 passed, 2 failed\n"));
}

}  // namespace
}  // namespace hanga
