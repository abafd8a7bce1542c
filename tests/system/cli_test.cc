// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The hanga program and the Python example against a real hangad.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include <filesystem>

#include "tests/system/daemon.h"

namespace hanga::system {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

namespace fs = std::filesystem;

class CliTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    daemon_ = std::make_unique<Daemon>(
        DaemonSettings{.models = {{"noop", NoopModel(*folder_, "noop", 10)}}});
  }
  static void TearDownTestSuite() {
    daemon_.reset();
    folder_.reset();
  }

  static std::vector<std::string> Command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {Program("hanga"), "--address", daemon_->address()});
    return arguments;
  }
  static Finished Hanga(std::vector<std::string> arguments) {
    return RunToEnd(Command(std::move(arguments)), *folder_ / "hanga");
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<Daemon> daemon_;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST_F(CliTest, GenerateWritesFilesAndPrintsTheirPaths) {
  const Finished result = Hanga({"generate", "a boat", "--steps", "3", "--size", "64x64",
                                 "--images", "2", "-o", *folder_ / "out/"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> paths = Lines(result.out);
  ASSERT_EQ(paths.size(), 2u) << result.out;
  for (const std::string& path : paths) EXPECT_THAT(ReadFile(path), StartsWith("\x89PNG"));
  EXPECT_THAT(result.err, HasSubstr("succeeded"));
}

TEST_F(CliTest, JsonLinesEndWithTheJobsFinalState) {
  const Finished result = Hanga({"generate", "a boat", "--steps", "3", "--size", "64x64", "--json",
                                 "-o", *folder_ / "json/"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::vector<nlohmann::json> lines;
  for (const std::string& line : Lines(result.out)) lines.push_back(nlohmann::json::parse(line));
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines.back()["job"]["state"], "JOB_STATE_SUCCEEDED");
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const nlohmann::json& line) {
    return line["type"] == "artifact" && fs::exists(std::string(line["path"]));
  }));
  EXPECT_EQ(result.err, "");
}

TEST_F(CliTest, NoWaitThenWatchThenDownload) {
  const Finished submitted =
      Hanga({"generate", "a boat", "--steps", "3", "--size", "64x64", "--no-wait"});
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  const std::string job = Lines(submitted.out).at(0);
  EXPECT_THAT(job, StartsWith("jobs/"));
  EXPECT_EQ(Hanga({"watch", job}).exit_code, 0);
  const Finished downloaded = Hanga({"download", job, "-o", *folder_ / "one.png"});
  EXPECT_EQ(downloaded.exit_code, 0) << downloaded.err;
  EXPECT_THAT(ReadFile(*folder_ / "one.png"), StartsWith("\x89PNG"));
  const Finished again = Hanga({"download", job, "-o", *folder_ / "one.png"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr("--overwrite"));
  EXPECT_THAT(Hanga({"jobs", "--state", "succeeded"}).out, HasSubstr(job.substr(5)));
}

TEST_F(CliTest, ListsModelsAndWorkers) {
  EXPECT_THAT(Hanga({"models"}).out, HasSubstr("noop"));
  const Finished workers = Hanga({"workers", "--json"});
  ASSERT_EQ(workers.exit_code, 0) << workers.err;
  EXPECT_EQ(nlohmann::json::parse(Lines(workers.out).at(0))["worker"]["state"],
            "WORKER_STATE_READY");
}

TEST_F(CliTest, ExitCodesTellWhatWentWrong) {
  EXPECT_EQ(Hanga({"generate", "x", "--steps", "0"}).exit_code, 2);
  EXPECT_EQ(Hanga({"generate", "x", "--nonsense"}).exit_code, 2);
  EXPECT_EQ(Hanga({"generate", "x", "--model", "nothing"}).exit_code, 4);
  EXPECT_EQ(Hanga({"watch", "0123456789abcdef"}).exit_code, 4);
  EXPECT_EQ(
      RunToEnd({Program("hanga"), "--address", "127.0.0.1:1", "jobs"}, *folder_ / "far").exit_code,
      3);
}

TEST_F(CliTest, InterruptCancelsTheJobItStarted) {
  Process generate(Command({"generate", "a boat", "--steps", "1000", "--size", "64x64", "--json",
                            "-o", *folder_ / "none/"}),
                   *folder_ / "interrupted");
  ASSERT_TRUE(Eventually([&] {
    return generate.out().find("JOB_STATE_RUNNING") != std::string::npos || !generate.running();
  }));
  generate.Signal(SIGINT);
  EXPECT_EQ(generate.Wait(), 130) << generate.out() << generate.err();
  EXPECT_THAT(Lines(generate.out()).back(), HasSubstr("JOB_STATE_CANCELLED"));
  EXPECT_FALSE(fs::exists(*folder_ / "none"));
}

TEST_F(CliTest, ThePythonExampleDrawsTheSamePicture) {
  const char* python = std::getenv("HANGA_PYTHON");
  const std::string interpreter = python != nullptr ? python : "/usr/bin/python3";
  if (!fs::exists(interpreter) ||
      RunToEnd({interpreter, "-c", "import grpc_tools"}, *folder_ / "probe").exit_code != 0) {
    GTEST_SKIP() << interpreter << " has no grpcio-tools; set HANGA_PYTHON to a Python that has";
  }
  const std::string stubs = *folder_ / "stubs";
  fs::create_directories(stubs);
  const std::string protos = HANGA_SOURCE_DIR "/proto";
  ASSERT_EQ(RunToEnd({interpreter, "-m", "grpc_tools.protoc", "-I", protos, "--python_out=" + stubs,
                      "--grpc_python_out=" + stubs, protos + "/hanga/v1/job.proto",
                      protos + "/hanga/v1/generation_service.proto"},
                     *folder_ / "protoc")
                .exit_code,
            0);
  const Finished result =
      RunToEnd({interpreter, HANGA_SOURCE_DIR "/docs/examples/python/generate.py", "a boat",
                "--address", daemon_->address(), "--model", "noop", "--steps", "3", "--size",
                "64x64", "--seed", "7", "--output", *folder_ / "python.png"},
               *folder_ / "python", {"PYTHONPATH=" + stubs});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  ASSERT_EQ(Hanga({"generate", "a boat", "--model", "noop", "--steps", "3", "--size", "64x64",
                   "--seed", "7", "-o", *folder_ / "cpp.png"})
                .exit_code,
            0);
  EXPECT_EQ(ReadFile(*folder_ / "python.png"), ReadFile(*folder_ / "cpp.png"));
}

}  // namespace
}  // namespace hanga::system
