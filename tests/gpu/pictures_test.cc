// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Whole pictures and the reference cases on a CUDA device.
#include <ATen/Context.h>
#include <c10/cuda/CUDAFunctions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "worker/check/check_main.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

class PicturesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (c10::cuda::device_count() == 0) GTEST_SKIP() << "this machine has no CUDA device";
  }

  static std::unique_ptr<Pipeline> Load(const std::string& dtype, const std::string& weights) {
    LoadOptions options;
    options.device = "cuda:0";
    options.dtype = dtype;
    options.weights = weights;
    auto pipeline = LoadPipeline({HANGA_SOURCE_DIR "/models/demo", {}}, options);
    if (!pipeline.ok()) ADD_FAILURE() << pipeline.status();
    return *std::move(pipeline);
  }

  static GenerationRequest Request(uint64_t seed) {
    GenerationRequest r;
    r.prompt = "the sea at sunset with a red sun, a boat";
    r.seed = seed;
    r.steps = 8;
    r.width = r.height = 128;
    return r;
  }

  // All of them as one batch.
  static std::vector<Image> Draw(Pipeline* pipeline, const std::vector<uint64_t>& seeds) {
    std::vector<std::unique_ptr<Generation>> generations;
    std::vector<Generation*> batch;
    for (const uint64_t seed : seeds) {
      generations.push_back(*pipeline->Prepare(Request(seed)));
      batch.push_back(generations.back().get());
    }
    while (!batch[0]->done()) {
      const absl::Status stepped = pipeline->Step(batch);
      EXPECT_TRUE(stepped.ok()) << stepped;
      if (!stepped.ok()) return {};
    }
    std::vector<Image> images;
    for (Generation* generation : batch) images.push_back(*pipeline->Finish(*generation));
    return images;
  }

  static double MeanDifference(const Image& a, const Image& b) {
    double sum = 0;
    for (size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(int{a.rgb[i]} - int{b.rgb[i]});
    return sum / static_cast<double>(a.rgb.size());
  }
};

TEST_F(PicturesTest, ReferenceCasesAgreeInFloat32) {
  std::vector<std::string> arguments = {"check", HANGA_SOURCE_DIR "/tests/golden", "--device",
                                        "cuda:0"};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  EXPECT_EQ(CheckMain(static_cast<int>(argv.size()), argv.data()), 0);
}

TEST_F(PicturesTest, RunsAreEqualBitForBitWithGraphsAndWithout) {
  for (const std::string weights : {"auto", "fp8"}) {
    const auto pipeline = Load("bfloat16", weights);
    const Image first = Draw(pipeline.get(), {1})[0];  // its first steps are launched one by one
    for (int run = 0; run < 3; ++run) EXPECT_EQ(Draw(pipeline.get(), {1})[0].rgb, first.rgb);
    EXPECT_EQ(Draw(Load("bfloat16", weights).get(), {1})[0].rgb, first.rgb);
  }
}

// Not bit for bit: products of another size may sum in another order.
TEST_F(PicturesTest, ABatchOfFourIsFourSingles) {
  for (const auto& [dtype, tolerance] :
       {std::pair<std::string, double>{"float32", 0.01}, {"bfloat16", 1.0}}) {
    const auto pipeline = Load(dtype, "auto");
    const std::vector<Image> together = Draw(pipeline.get(), {1, 2, 3, 4});
    for (uint64_t seed = 1; seed <= 4; ++seed) {
      const double difference = MeanDifference(together[seed - 1], Draw(pipeline.get(), {seed})[0]);
      EXPECT_LE(difference, tolerance) << dtype << ", seed " << seed;
      std::printf("             %s, seed %d: %.4f of 255 on average\n", dtype.c_str(),
                  static_cast<int>(seed), difference);
    }
  }
}

TEST_F(PicturesTest, EightBitsChangeAPictureLittle) {
  const auto exact = Load("bfloat16", "auto"), rounded = Load("bfloat16", "fp8");
  EXPECT_LT(rounded->resident_bytes(), exact->resident_bytes());
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const double difference =
        MeanDifference(Draw(exact.get(), {seed})[0], Draw(rounded.get(), {seed})[0]);
    EXPECT_LE(difference, 6);
    EXPECT_GT(difference, 0);
    std::printf("             8 bits, seed %d: %.2f of 255 on average\n", static_cast<int>(seed),
                difference);
  }
}

}  // namespace
}  // namespace hanga
