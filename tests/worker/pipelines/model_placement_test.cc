// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model that runs by a plan draws what it draws without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "placement/plan.h"
#include "worker/models/registry.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;

const std::string kGolden = HANGA_SOURCE_DIR "/tests/golden/models/";
const std::string kTiny = kGolden + "flux_dev";
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

// One small model of every family.
const std::vector<std::string> kEveryModel = {"flux_dev", "sd15", "sdxl", "sd3"};

TEST(ModelPlacementTest, EveryRegisteredFamilyIsAmongThem) {
  std::set<std::string> tried = {"sdxl_refiner"};  // made of SDXL, and streamed, by refiner_test
  for (const std::string& model : kEveryModel) {
    const auto facts = ExamineModel({kGolden + model, {}});
    ASSERT_TRUE(facts.ok()) << facts.status();
    tried.insert(facts->family);
  }
  for (const Family& family : Families()) EXPECT_TRUE(tried.contains(family.name)) << family.name;
}

class EveryModelTest : public testing::TestWithParam<std::string> {};

TEST_P(EveryModelTest, DrawsTheSameBitsWhereverItsBlocksAre) {
  const std::string model = kGolden + GetParam();
  const std::vector<uint8_t> expected = Draw(model, {});
  ASSERT_FALSE(expected.empty());
  for (const std::string expression :
       {"auto", "cpu,*;compute=cpu:0|clip:cpu,*|vae:cpu,*",
        "file,*;compute=cpu:0|clip:file,*|vae:file,*", "cpu:0,50%,spread;cpu,*", "donors=cpu:1",
        "cpu:0,40%;cpu:1,*|clip:cpu:1,*|vae:cpu:1,*"}) {
    PlacementLevers levers;
    levers.expression = expression;
    levers.pinned_host_limit_bytes = 0;
    EXPECT_EQ(Draw(model, With(levers)), expected) << expression;
  }
}

TEST_P(EveryModelTest, TellsWhatItKeepsAndGivesItsMemoryBack) {
  auto pipeline = LoadPipeline({kGolden + GetParam(), {}}, With({}));
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  const auto view = (*pipeline)->Placement();
  ASSERT_TRUE(view.has_value());
  const auto plan = placement::ParsePlanJson(view->plan_json);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto facts = ExamineModel({kGolden + GetParam(), {}});
  std::set<std::string> placed;
  for (const placement::BlockPlacement& block : plan->groups[0].blocks) {
    placed.insert(block.component);
  }
  const auto family = std::find_if(Families().begin(), Families().end(),
                                   [&](const Family& f) { return f.name == facts->family; });
  for (const Component& component : family->components) {
    EXPECT_TRUE(placed.contains(component.name)) << component.name;
  }
  const uint64_t weights = (*pipeline)->resident_bytes();
  EXPECT_LE(weights, view->peak_bytes);
  EXPECT_EQ((*pipeline)->Evict(UINT64_MAX), weights);
  EXPECT_EQ((*pipeline)->resident_bytes(), 0);
}

INSTANTIATE_TEST_SUITE_P(Golden, EveryModelTest, testing::ValuesIn(kEveryModel),
                         [](const auto& info) { return info.param; });

TEST(ModelPlacementTest, DrawsTheSameBitsStreamedAsWithoutAPlan) {
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

TEST(ModelPlacementTest, DrawsTheSameBitsWithOtherDevicesAsDonors) {
  const std::vector<uint8_t> expected = Draw(kTiny, {});
  for (const std::string expression :
       {"double_blocks*@cpu:1;single_blocks*@cpu:2;cpu:0,*",
        "single_blocks*@cpu:1;double_blocks*@cpu;cpu:0,*|clip:cpu:1,*|vae:cpu:2,*",
        "virtual_vram=1gb;donors=cpu:1", "donors=cpu:1,cpu:2"}) {
    PlacementLevers levers;
    levers.expression = expression;
    std::string table;
    EXPECT_EQ(Draw(kTiny, With(levers), &table), expected) << expression;
    EXPECT_THAT(table, HasSubstr("cpu:1")) << expression;
  }
}

TEST(ModelPlacementTest, RefusesAnExpressionThatComputesOnAnotherDevice) {
  PlacementLevers levers;
  levers.expression = "cpu:3,*";
  const auto refused = LoadPipeline({kTiny, {}}, With(levers));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("computes on cpu:3, and this worker's device is cpu:0"));
}

TEST(ModelPlacementTest, NamesADonorThatTheMachineDoesNotHave) {
  PlacementLevers levers;
  levers.expression = "cuda:97,*;compute=cpu:0";
  const auto refused = LoadPipeline({kTiny, {}}, With(levers));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("no cuda:97"));
}

TEST(ModelPlacementTest, RunsTheDemoModelInLessMemoryThanItsWeights) {
  const auto roomy = LoadPipeline({kDemo, {}}, With({}));
  ASSERT_TRUE(roomy.ok()) << roomy.status();
  const uint64_t weights = (*roomy)->resident_bytes();
  PlacementLevers levers;
  levers.expression = "cpu,*;compute=cpu:0";
  const auto streamed = LoadPipeline({kDemo, {}}, With(levers));
  ASSERT_TRUE(streamed.ok()) << streamed.status();
  EXPECT_LT((*streamed)->resident_bytes(), weights);
}

TEST(ModelPlacementTest, IsRefusedWithTheSmallestChangeThatWouldDo) {
  PlacementLevers levers;
  levers.vram_limit_bytes = 1 << 20;
  const auto refused = LoadPipeline({kDemo, {}}, With(levers));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("Smallest change"));
}

TEST(ModelPlacementTest, TellsWhereAnExpressionIsWrong) {
  PlacementLevers levers;
  levers.expression = "cpu:0,2,5gb;cpu,*";
  const auto refused = LoadPipeline({kTiny, {}}, With(levers));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hanga
