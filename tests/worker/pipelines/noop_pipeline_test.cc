// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/noop_pipeline.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hanga {
namespace {

ModelFiles Folder(const std::string& name, const std::string& config) {
  const auto folder = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "model_index.json") << config;
  ModelFiles files;
  files.path = folder;
  return files;
}

GenerationRequest Request() {
  GenerationRequest request;
  request.prompt = "a cat";
  request.seed = 7;
  request.steps = 5;
  request.width = request.height = 16;
  return request;
}

void Step(Pipeline& pipeline, Generation& generation) {
  Generation* batch[] = {&generation};
  ASSERT_TRUE(pipeline.Step(batch).ok());
}

TEST(NoopPipelineTest, KnowsItsFolderFromOthers) {
  EXPECT_TRUE(IsNoop(Folder("noop", R"({"_class_name": "HangaNoopPipeline"})")));
  EXPECT_FALSE(IsNoop(Folder("flux", R"({"_class_name": "FluxPipeline"})")));
  EXPECT_FALSE(IsNoop(Folder("damaged", "{")));
}

TEST(NoopPipelineTest, NamesTheKeyThatIsWrong) {
  const auto facts =
      ExamineNoop(Folder("wrong", R"({"_class_name": "HangaNoopPipeline", "step_ms": -1})"));
  EXPECT_EQ(facts.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(facts.status().message().find("step_ms"), absl::string_view::npos);
}

TEST(NoopPipelineTest, GoesOnFromACheckpointToTheSamePicture) {
  const ModelFiles files = Folder("noop", R"({"_class_name": "HangaNoopPipeline"})");
  const auto pipeline = *LoadNoop(files, {});
  const auto whole = *pipeline->Prepare(Request());
  while (!whole->done()) Step(*pipeline, *whole);

  const auto begun = *pipeline->Prepare(Request());
  Step(*pipeline, *begun);
  Step(*pipeline, *begun);
  const auto resumed = *pipeline->Restore(Request(), *pipeline->Save(*begun));
  EXPECT_EQ(resumed->step(), 2);
  while (!resumed->done()) Step(*pipeline, *resumed);
  EXPECT_EQ(pipeline->Finish(*resumed)->rgb, pipeline->Finish(*whole)->rgb);

  GenerationRequest other = Request();
  other.seed = 8;
  const auto different = *pipeline->Prepare(other);
  while (!different->done()) Step(*pipeline, *different);
  EXPECT_NE(pipeline->Finish(*different)->rgb, pipeline->Finish(*whole)->rgb);
}

TEST(NoopPipelineTest, RefusesWhatIsNotACheckpointOrASize) {
  const auto pipeline = *LoadNoop(Folder("noop", R"({"_class_name": "HangaNoopPipeline"})"), {});
  EXPECT_EQ(pipeline->Restore(Request(), "x").status().code(), absl::StatusCode::kInvalidArgument);
  GenerationRequest request = Request();
  request.width = 7;
  EXPECT_EQ(pipeline->Prepare(request).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hanga
