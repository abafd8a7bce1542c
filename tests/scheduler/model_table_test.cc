// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/model_table.h"

#include <gmock/gmock.h>

namespace hanga {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

ModelOptions Offer(const std::string& name, const std::string& revision = "r1") {
  ModelOptions options;
  options.deployment.set_name(name);
  options.deployment.set_revision(revision);
  return options;
}

v1::ModelReport Usable(const std::string& revision = "r1", bool loaded = false) {
  v1::ModelReport report;
  report.set_revision(revision);
  report.set_loaded(loaded);
  report.mutable_model()->set_state(v1::MODEL_STATE_USABLE);
  report.mutable_model()->mutable_limits()->set_max_steps(50);
  report.mutable_model()->mutable_defaults()->set_steps(20);
  return report;
}

v1::ModelReport Unusable(const std::string& problem) {
  v1::ModelReport report = Usable();
  report.mutable_model()->Clear();
  report.mutable_model()->set_state(v1::MODEL_STATE_UNUSABLE);
  report.mutable_model()->set_problem(problem);
  return report;
}

class ModelTableTest : public testing::Test {
 protected:
  ModelTableTest() { table_.Set({Offer("models/a")}); }
  uint32_t a() const { return *table_.Find("models/a"); }
  ModelTable table_;
};

TEST_F(ModelTableTest, IsUnknownUntilAWorkerHasLooked) {
  EXPECT_EQ(table_.View(a())->state(), v1::MODEL_STATE_UNKNOWN);
  table_.Report(a(), "w", Usable());
  EXPECT_EQ(table_.View(a())->state(), v1::MODEL_STATE_USABLE);
  EXPECT_EQ(table_.View(a())->name(), "models/a");
}

TEST_F(ModelTableTest, IsUsableWhereOneCanUseItAndUnusableWhereNoneCan) {
  table_.Report(a(), "old", Unusable("too little memory"));
  EXPECT_EQ(table_.View(a())->state(), v1::MODEL_STATE_UNUSABLE);
  EXPECT_EQ(table_.View(a())->problem(), "too little memory");
  table_.Report(a(), "new", Usable());
  EXPECT_EQ(table_.View(a())->state(), v1::MODEL_STATE_USABLE);
  EXPECT_TRUE(table_.UsableOn(a(), "new"));
  EXPECT_FALSE(table_.UsableOn(a(), "old"));
  EXPECT_EQ(table_.ProblemOn(a(), "old"), "too little memory");
}

TEST_F(ModelTableTest, SaysOnWhichWorkersItIsLoaded) {
  table_.Report(a(), "w1", Usable("r1", true));
  table_.Report(a(), "w2", Usable("r1", false));
  EXPECT_THAT(table_.View(a())->loaded_on(), ElementsAre("workers/w1"));
  table_.ForgetWorker("w1");
  EXPECT_THAT(table_.View(a())->loaded_on(), IsEmpty());
  EXPECT_EQ(table_.View(a())->state(), v1::MODEL_STATE_USABLE) << "what is known stays known";
}

TEST_F(ModelTableTest, IgnoresAReportOfFilesThatAreNotMeantAnyMore) {
  EXPECT_FALSE(table_.Report(a(), "w", Usable("r0")));
  EXPECT_EQ(table_.View(a())->state(), v1::MODEL_STATE_UNKNOWN);
  table_.Report(a(), "w", Usable());
  table_.Set({Offer("models/a", "r2")});
  EXPECT_EQ(table_.View(a())->state(), v1::MODEL_STATE_UNKNOWN)
      << "a new revision is examined anew";
}

TEST_F(ModelTableTest, KeepsTheIndexOfAModelThatIsRemovedAndComesBack) {
  const uint32_t index = a();
  table_.Set({Offer("models/b")});
  EXPECT_FALSE(table_.Find("models/a").has_value());
  EXPECT_FALSE(table_.offered(index));
  EXPECT_THAT(table_.deployments(), SizeIs(1));
  table_.Set({Offer("models/a")});
  EXPECT_EQ(a(), index);
}

TEST_F(ModelTableTest, LaysTheConfigurationsDefaultsOverTheModels) {
  ModelOptions options = Offer("models/a", "r2");
  options.defaults.set_steps(8);
  table_.Set({options});
  table_.Report(a(), "w", Usable("r2"));
  EXPECT_EQ(table_.View(a())->defaults().steps(), 8U);
}

TEST_F(ModelTableTest, GuessesUntilItHasMeasured) {
  EXPECT_FALSE(table_.measured(a()));
  EXPECT_GT(table_.load_seconds(a()), 0);
  v1::ModelReport report = Usable();
  report.mutable_load_time()->set_seconds(3);
  table_.Report(a(), "w", report);
  EXPECT_EQ(table_.load_seconds(a()), 3);
  table_.ObserveStep(a(), 2e-6);
  EXPECT_TRUE(table_.measured(a()));
  table_.ObserveStep(a(), 4e-6);
  EXPECT_NEAR(table_.seconds_per_work(a()), 2.2e-6, 1e-12);
}

TEST_F(ModelTableTest, TellsThePlacementsOfWorkersThatHaveItLoaded) {
  v1::ModelReport placed = Usable("r1", true), idle = Usable();
  placed.mutable_placement()->set_table("all of it");
  idle.mutable_placement()->set_table("nothing");
  table_.Report(a(), "gpu-0", placed);
  table_.Report(a(), "gpu-1", idle);
  v1::Model model = *table_.View(a());
  EXPECT_EQ(model.placements_size(), 0) << "lists are spared the tables";
  table_.AddPlacements(a(), &model);
  ASSERT_THAT(model.placements(), SizeIs(1));
  EXPECT_EQ(model.placements(0).worker(), "workers/gpu-0");
  EXPECT_EQ(model.placements(0).table(), "all of it");
  table_.ForgetWorker("gpu-0");
  model.clear_placements();
  table_.AddPlacements(a(), &model);
  EXPECT_THAT(model.placements(), IsEmpty());
}

}  // namespace
}  // namespace hanga
