// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model whose device turns out to have less memory than was planned with.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kTiny = HANGA_SOURCE_DIR "/tests/golden/models/flux_dev";

// Fails the next allocations as a full device would.
class FailingAllocator final : public c10::Allocator {
 public:
  FailingAllocator() { c10::SetCPUAllocator(this, 1); }
  ~FailingAllocator() override { c10::SetCPUAllocator(system_, 1); }

  c10::DataPtr allocate(size_t bytes) override {
    if (failures > 0 && bytes >= least_bytes) {
      --failures;
      throw c10::OutOfMemoryError({__func__, __FILE__, static_cast<uint32_t>(__LINE__)},
                                  "out of memory");
    }
    return system_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return system_->raw_deleter(); }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    std::memcpy(to, from, bytes);
  }

  int failures = 0;
  size_t least_bytes = 1;

 private:
  c10::Allocator* const system_ = c10::GetCPUAllocator();
};

class FluxMemoryTest : public testing::Test {
 protected:
  std::unique_ptr<Pipeline> Load(bool keep_resident = false) {
    LoadOptions options;
    options.placement.reserve_vram_bytes = 0;
    options.placement.keep_resident = keep_resident;
    options.measured_folder = folder_;
    options.probe = [this](const std::vector<std::string>&) -> absl::StatusOr<placement::Topology> {
      placement::Topology topology = placement::VirtualCpuTopology(1, kTotal);
      topology.devices[0].used_by_others_bytes = kTotal - std::min(kTotal, free_);
      return topology;
    };
    auto pipeline = LoadPipeline({kTiny, {}}, options);
    EXPECT_TRUE(pipeline.ok()) << pipeline.status();
    return *std::move(pipeline);
  }
  std::unique_ptr<Generation> Begin(Pipeline& pipeline, int width = 64, int height = 64) {
    GenerationRequest r;
    r.prompt = "the sea at sunset";
    r.seed = 3;
    r.steps = 3;
    r.width = width;
    r.height = height;
    r.max_sequence_length = 32;
    auto generation = pipeline.Prepare(r);
    EXPECT_TRUE(generation.ok()) << generation.status();
    return *std::move(generation);
  }
  static absl::Status Step(Pipeline& pipeline, Generation& generation) {
    Generation* const batch[] = {&generation};
    return pipeline.Step(batch);
  }
  std::vector<uint8_t> Draw(Pipeline& pipeline) {
    const auto generation = Begin(pipeline);
    while (!generation->done()) {
      const absl::Status stepped = Step(pipeline, *generation);
      EXPECT_TRUE(stepped.ok()) << stepped;
      if (!stepped.ok()) return {};
    }
    const auto image = pipeline.Finish(*generation);
    EXPECT_TRUE(image.ok()) << image.status();
    return image.ok() ? image->rgb : std::vector<uint8_t>();
  }

  static constexpr uint64_t kTotal = uint64_t{4} << 30;
  uint64_t free_ = kTotal;
  std::string folder_;  // of block times
};

TEST_F(FluxMemoryTest, AStepThatRunsOutOfMemoryIsTakenAgainByAPlanWithMoreReserve) {
  const auto pipeline = Load();
  const std::vector<uint8_t> expected = Draw(*pipeline);
  FailingAllocator allocator;
  const auto generation = Begin(*pipeline);
  allocator.failures = 1;
  const absl::Status stepped = Step(*pipeline, *generation);
  ASSERT_TRUE(stepped.ok()) << stepped;
  EXPECT_EQ(generation->step(), 1);
  EXPECT_THAT(pipeline->TakeNotes(),
              ElementsAre(HasSubstr("out of memory while denoising: the reserve is raised by")));
  EXPECT_THAT(pipeline->TakeNotes(), IsEmpty());
  EXPECT_EQ(Draw(*pipeline), expected);
}

TEST_F(FluxMemoryTest, AStepThatRunsOutOfMemoryAgainFails) {
  const auto pipeline = Load();
  FailingAllocator allocator;
  const auto generation = Begin(*pipeline);
  allocator.failures = 1 << 20;
  EXPECT_EQ(Step(*pipeline, *generation).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(generation->step(), 0);
  allocator.failures = 0;
}

TEST_F(FluxMemoryTest, PlansAgainWhenAnotherProcessTakesMemory) {
  const auto pipeline = Load();
  const std::vector<uint8_t> expected = Draw(*pipeline);
  const uint64_t peak = pipeline->Placement()->peak_bytes, weights = pipeline->resident_bytes();
  pipeline->Adapt(kTotal - weights);  // as it was planned with
  EXPECT_THAT(pipeline->TakeNotes(), IsEmpty());

  // Less than the plan takes, and enough for one that moves blocks.
  const uint64_t left = peak - weights - (uint64_t{1} << 20);  // beside the weights
  free_ = left;
  pipeline->Adapt(left);
  EXPECT_THAT(pipeline->TakeNotes(), ElementsAre(HasSubstr("planned again")));
  EXPECT_LE(pipeline->Placement()->peak_bytes, weights + left);
  EXPECT_EQ(Draw(*pipeline), expected);
}

TEST_F(FluxMemoryTest, PlansAgainBetweenTheStepsOfAPicture) {
  const auto pipeline = Load();
  const std::vector<uint8_t> expected = Draw(*pipeline);
  const uint64_t peak = pipeline->Placement()->peak_bytes, weights = pipeline->resident_bytes();
  EXPECT_EQ(pipeline->lacking_bytes(kTotal - weights), 0);
  const auto generation = Begin(*pipeline);
  ASSERT_TRUE(Step(*pipeline, *generation).ok());
  const uint64_t left = peak - weights - (uint64_t{1} << 20);
  EXPECT_EQ(pipeline->lacking_bytes(left), uint64_t{1} << 20);
  free_ = left;
  pipeline->Adapt(left);
  EXPECT_LE(pipeline->Placement()->peak_bytes, weights + left);
  while (!generation->done()) ASSERT_TRUE(Step(*pipeline, *generation).ok());
  const auto image = pipeline->Finish(*generation);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->rgb, expected);
}

TEST_F(FluxMemoryTest, SaysOnceThatNoPlanFits) {
  const auto pipeline = Load();
  free_ = 0;
  pipeline->Adapt(0);
  EXPECT_THAT(pipeline->TakeNotes(), ElementsAre(HasSubstr("no plan fits")));
  pipeline->Adapt(0);
  EXPECT_THAT(pipeline->TakeNotes(), IsEmpty());
}

TEST_F(FluxMemoryTest, GivesItsMemoryToAnotherModelAndTakesItBack) {
  const auto pipeline = Load();
  const std::vector<uint8_t> expected = Draw(*pipeline);
  const uint64_t weights = pipeline->resident_bytes();
  const uint64_t some = pipeline->Evict(1);
  EXPECT_GT(some, 0);
  EXPECT_LT(some, weights / 2) << "no more than a block for one byte";
  EXPECT_EQ(pipeline->resident_bytes(), weights - some);
  EXPECT_EQ(pipeline->Evict(UINT64_MAX), weights - some);
  EXPECT_EQ(pipeline->resident_bytes(), 0);
  EXPECT_EQ(pipeline->missing_bytes(), pipeline->Placement()->peak_bytes);
  EXPECT_EQ(Draw(*pipeline), expected);
}

TEST_F(FluxMemoryTest, GivesNothingWhereItIsToBeKept) {
  const auto pipeline = Load(/*keep_resident=*/true);
  const uint64_t weights = pipeline->resident_bytes();
  EXPECT_EQ(pipeline->Evict(UINT64_MAX), 0);
  EXPECT_EQ(pipeline->resident_bytes(), weights);
}

TEST_F(FluxMemoryTest, PlansWithTheBlockTimesOfItsFirstRun) {
  folder_ = testing::TempDir() + "/flux_memory_test";
  std::filesystem::remove_all(folder_);
  const auto first = Load();
  const double guessed = first->Placement()->step_seconds;
  const int width = first->Placement()->width, height = first->Placement()->height;
  const auto generation = Begin(*first, width, height);
  while (!generation->done()) ASSERT_TRUE(Step(*first, *generation).ok());
  const auto second = Load();
  EXPECT_NE(second->Placement()->step_seconds, guessed);
  std::filesystem::remove_all(folder_);
}

}  // namespace
}  // namespace hanga
