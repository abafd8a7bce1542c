// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/flow_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hanga {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

FlowSchedule Schedule(const FlowMatchConfig& config, const ScheduleRequest& request) {
  return *MakeFlowSchedule(config, request);
}

ScheduleRequest Steps(int64_t steps) {
  ScheduleRequest request;
  request.steps = steps;
  return request;
}

TEST(FlowScheduleTest, EndsAtZeroAfterEvenLevels) {
  ScheduleRequest request = Steps(4);
  request.sigmas = LinearSpace(1, 0.25, 4);
  const FlowSchedule schedule = Schedule({}, request);
  EXPECT_THAT(schedule.sigmas, ElementsAre(1, 0.75, 0.5, 0.25, 0));
  EXPECT_THAT(schedule.timesteps, ElementsAre(1000, 750, 500, 250));
}

TEST(FlowScheduleTest, ShiftsTowardsNoise) {
  FlowMatchConfig config;
  config.shift = 3;
  ScheduleRequest request = Steps(2);
  request.sigmas = {1, 0.5};
  EXPECT_THAT(Schedule(config, request).sigmas, ElementsAre(1, FloatEq(0.75f), 0));
}

TEST(FlowScheduleTest, ShiftsByThePicturesSizeWhereTheModelDoes) {
  FlowMatchConfig config;
  config.use_dynamic_shifting = true;
  EXPECT_DOUBLE_EQ(DynamicShift(config, 256), 0.5);
  EXPECT_DOUBLE_EQ(DynamicShift(config, 4096), 1.15);
  ScheduleRequest request = Steps(1);
  request.sigmas = {0.5};
  EXPECT_THAT(MakeFlowSchedule(config, request).status().message(), HasSubstr("size"));
  request.mu = 0;  // e^0 = 1: no shift
  EXPECT_THAT(Schedule(config, request).sigmas, ElementsAre(0.5, 0));
}

TEST(FlowScheduleTest, StretchesToTheTerminalLevel) {
  FlowMatchConfig config;
  config.shift_terminal = 0.1;
  EXPECT_FLOAT_EQ(Schedule(config, Steps(5)).sigmas[4], 0.1f);
}

TEST(FlowScheduleTest, RefusesLevelsThatAreNotFinite) {
  FlowMatchConfig config;
  config.shift_terminal = 0.1;
  const auto schedule = MakeFlowSchedule(config, Steps(1));
  EXPECT_EQ(schedule.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(MakeFlowSchedule({}, Steps(0)).ok());
}

TEST(FlowScheduleTest, InvertsLevelsAndEndsAtOne) {
  FlowMatchConfig config;
  config.invert_sigmas = true;
  const FlowSchedule schedule = Schedule(config, Steps(3));
  EXPECT_EQ(schedule.sigmas.front(), 0);
  EXPECT_EQ(schedule.sigmas.back(), 1);
}

TEST(FlowMatchConfigTest, ReadsASchedulersFile) {
  const auto config = FlowMatchConfig::FromJson({{"shift", 3},
                                                 {"use_dynamic_shifting", true},
                                                 {"shift_terminal", nullptr},
                                                 {"use_karras_sigmas", true},
                                                 {"time_shift_type", "linear"},
                                                 {"unrelated", "kept"}});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->shift, 3);
  EXPECT_TRUE(config->use_dynamic_shifting);
  EXPECT_FALSE(config->shift_terminal.has_value());
  EXPECT_EQ(config->spacing, SigmaSpacing::kKarras);
  EXPECT_EQ(config->time_shift, TimeShift::kLinear);
}

TEST(FlowMatchConfigTest, NamesTheFieldThatItCannotUse) {
  for (const nlohmann::json& bad :
       {nlohmann::json{{"shift", "three"}}, nlohmann::json{{"shift", -1}},
        nlohmann::json{{"num_train_timesteps", 0}}, nlohmann::json{{"time_shift_type", "cubic"}},
        nlohmann::json{{"max_image_seq_len", 1}}, nlohmann::json{{"shift_terminal", 1.5}}}) {
    const auto config = FlowMatchConfig::FromJson(bad);
    EXPECT_EQ(config.status().code(), absl::StatusCode::kFailedPrecondition) << bad;
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(bad.begin().key()));
  }
}

}  // namespace
}  // namespace hanga
