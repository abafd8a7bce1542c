// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Models as clients see them: where their blocks are, and why one cannot be used while nobody else
// is affected.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/system/daemon.h"

namespace hanga::system {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace fs = std::filesystem;

// A copy of the demo model, to be spoilt.
std::string Copy(const TemporaryFolder& folder, const std::string& name) {
  fs::copy(DemoModel(), folder / name, fs::copy_options::recursive);
  return folder / name;
}

std::string Transformer(const std::string& model) {
  for (const auto& entry : fs::directory_iterator(model + "/transformer")) {
    if (entry.path().extension() == ".safetensors") return entry.path();
  }
  ADD_FAILURE() << "no weights in " << model;
  return "";
}

void Overwrite(const std::string& path, size_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file << bytes;
}

std::string Truncated(const TemporaryFolder& folder) {
  const std::string model = Copy(folder, "truncated");
  const std::string file = Transformer(model);
  fs::resize_file(file, fs::file_size(file) - 1000);
  return model;
}

std::string HugeHeader(const TemporaryFolder& folder) {
  const std::string model = Copy(folder, "huge");
  Overwrite(Transformer(model), 0, std::string("\0\0\0\0\0\0\0\x80", 8));
  return model;
}

// Renames the first key of the file to one of the same length that nobody declares.
std::string UnexpectedKey(const TemporaryFolder& folder) {
  const std::string model = Copy(folder, "unexpected");
  const std::string file = Transformer(model);
  const size_t at = ReadFile(file).find("\"proj_out.weight\"");
  EXPECT_NE(at, std::string::npos);
  Overwrite(file, at, "\"prof_out.weight\"");
  return model;
}

TEST(ModelsTest, ReportsEveryBrokenModelAndDrawsWithTheGoodOnes) {
  TemporaryFolder folder;
  fs::create_directories(folder / "empty");
  Daemon daemon({.models = {{"good", NoopModel(folder, "good", 0)},
                            {"demo", DemoModel()},
                            {"truncated", Truncated(folder)},
                            {"huge", HugeHeader(folder)},
                            {"unexpected", UnexpectedKey(folder)},
                            {"empty", folder / "empty"},
                            {"absent", folder / "absent"}}});
  const auto models = daemon.client().ListModels();
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(models->size(), 7u);
  for (const v1::Model& model : *models) {
    const bool good = model.name() == "models/good" || model.name() == "models/demo";
    EXPECT_EQ(model.state(), good ? v1::MODEL_STATE_USABLE : v1::MODEL_STATE_UNUSABLE)
        << model.ShortDebugString();
    if (good) continue;
    EXPECT_THAT(model.problem(), Not(IsEmpty())) << model.name();
    EXPECT_THAT(model.problem(), Not(HasSubstr(folder.path()))) << "clients see no paths";
    const auto refused =
        daemon.client().Submit(PictureRequest(model.name().substr(sizeof("models/") - 1)));
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition)
        << model.name() << ": " << refused.status();
  }
  const auto unexpected = daemon.client().GetModel("models/unexpected");
  ASSERT_TRUE(unexpected.ok()) << unexpected.status();
  EXPECT_THAT(unexpected->problem(), HasSubstr("prof_out.weight"));
  EXPECT_THAT(unexpected->problem(), HasSubstr("1 missing key"));
  Draw(daemon.client(), PictureRequest("good"));
}

TEST(ModelsTest, TellsWhereAModelsBlocksAreAndWhatItsStepsTake) {
  const std::string planned = absl::StrCat("[[model]]\nname = \"planned\"\npath = \"", DemoModel(),
                                           "\"\nplacement = \"cpu,*;compute=cpu:0\"\n");
  Daemon daemon({.models = {}, .more = planned});
  Draw(daemon.client(), PictureRequest("planned"));
  TemporaryFolder folder;
  const auto hanga = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {Program("hanga"), "--address", daemon.address()});
    return RunToEnd(arguments, folder / "hanga");
  };
  const Finished shown = hanga({"models", "planned"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("planned: "));
  EXPECT_THAT(shown.out, HasSubstr("of weights on its device"));
  EXPECT_THAT(shown.out, HasSubstr("cpu:0"));
  EXPECT_THAT(shown.out, HasSubstr("MEASURED"));
  EXPECT_THAT(shown.out, HasSubstr("PREDICTED"));
  EXPECT_THAT(hanga({"models", "planned", "--json"}).out, HasSubstr("plan_json"));
  EXPECT_EQ(hanga({"models", "nothing"}).exit_code, 4);
}

TEST(ModelsTest, AJobFailsWithTheWorkersReason) {
  TemporaryFolder folder;
  Daemon daemon({.models = {{"bad", NoopModel(folder, "bad", 0, ", \"fail\": \"step\"")},
                            {"good", NoopModel(folder, "good", 0)}}});
  const auto job = daemon.client().Submit(PictureRequest("bad"));
  ASSERT_TRUE(job.ok()) << job.status();
  const v1::Job ended =
      FollowUntil(daemon.client(), job->name(), [](const v1::Job&) { return false; });
  EXPECT_EQ(ended.state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(ended.error().reason(), Not(IsEmpty()));
  EXPECT_THAT(ended.error().message(), Not(IsEmpty()));
  Draw(daemon.client(), PictureRequest("good"));
}

}  // namespace
}  // namespace hanga::system
