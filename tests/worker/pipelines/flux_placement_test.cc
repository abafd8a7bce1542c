// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model that runs by a plan draws what it draws without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;

const std::string kTiny = HANGA_SOURCE_DIR "/tests/golden/models/flux_dev";
const std::string kDemo = HANGA_SOURCE_DIR "/models/demo";

LoadOptions With(const PlacementLevers& levers) {
  LoadOptions options;
  options.placement = levers;
  options.placement.reserve_vram_bytes = 1;  // a lever: a plan is made
  return options;
}

std::vector<uint8_t> Draw(const std::string& model, const LoadOptions& options,
                          std::string* table = nullptr) {
  auto pipeline = LoadPipeline({model, {}}, options);
  if (!pipeline.ok()) {
    ADD_FAILURE() << pipeline.status();
    return {};
  }
  GenerationRequest r;
  r.prompt = "the sea at sunset";
  r.seed = 3;
  r.steps = 3;
  r.width = 96;
  r.height = 64;
  r.max_sequence_length = 32;
  std::vector<uint8_t> drawn;
  for (int picture = 0; picture < 2; ++picture) {  // twice: networks come and go between
    auto generation = (*pipeline)->Prepare(r);
    if (!generation.ok()) {
      ADD_FAILURE() << generation.status();
      return {};
    }
    while (!(*generation)->done()) {
      Generation* const batch[] = {generation->get()};
      const absl::Status stepped = (*pipeline)->Step(batch);
      if (!stepped.ok()) {
        ADD_FAILURE() << stepped;
        return {};
      }
    }
    const auto image = (*pipeline)->Finish(**generation);
    if (!image.ok()) ADD_FAILURE() << image.status();
    if (!image.ok()) return {};
    if (picture == 1) {
      EXPECT_EQ(image->rgb, drawn);
    }
    drawn = image->rgb;
  }
  if (table != nullptr) *table = (*pipeline)->Placement()->table;
  return drawn;
}

TEST(FluxPlacementTest, DrawsTheSameBitsStreamedAsWithoutAPlan) {
  const std::vector<uint8_t> expected = Draw(kTiny, {});
  PlacementLevers file;
  file.expression = "file,*;compute=cpu:0";
  PlacementLevers host;
  host.expression = "cpu,*;compute=cpu:0";
  host.pinned_host_limit_bytes = 0;
  for (const PlacementLevers& levers : {PlacementLevers(), file, host}) {
    std::string table;
    EXPECT_EQ(Draw(kTiny, With(levers), &table), expected) << levers.expression;
    EXPECT_THAT(table, HasSubstr("cpu:0"));
  }
}

TEST(FluxPlacementTest, RunsTheDemoModelInLessMemoryThanItsWeights) {
  const auto roomy = LoadPipeline({kDemo, {}}, With({}));
  ASSERT_TRUE(roomy.ok()) << roomy.status();
  const uint64_t weights = (*roomy)->resident_bytes();
  PlacementLevers levers;
  levers.expression = "cpu,*;compute=cpu:0";
  const auto streamed = LoadPipeline({kDemo, {}}, With(levers));
  ASSERT_TRUE(streamed.ok()) << streamed.status();
  EXPECT_LT((*streamed)->resident_bytes(), weights);
}

TEST(FluxPlacementTest, IsRefusedWithTheSmallestChangeThatWouldDo) {
  PlacementLevers levers;
  levers.vram_limit_bytes = 1 << 20;
  const auto refused = LoadPipeline({kDemo, {}}, With(levers));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("Smallest change"));
}

TEST(FluxPlacementTest, TellsWhereAnExpressionIsWrong) {
  PlacementLevers levers;
  levers.expression = "cpu:0,2,5gb;cpu,*";
  const auto refused = LoadPipeline({kTiny, {}}, With(levers));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hanga
