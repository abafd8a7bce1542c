// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/model_residency.h"

#include <gtest/gtest.h>

#include "tests/worker/residency/small_model.h"

namespace hanga {
namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;

// A text encoder that is streamed, and a denoiser that stays but for what makes room.
class ModelResidencyTest : public testing::Test {
 protected:
  std::unique_ptr<ModelResidency> Load(uint64_t device_bytes, uint64_t makes_room) {
    const auto all = [](const BlockList<SmallState>& list, Tier tier) {
      return std::vector<Tier>(list.size(), tier);
    };
    std::vector<NetworkPlacement> networks = {
        {"text", text_.Weights(), {all(text_, Tier::kPageable), 2, false}, source_, makes_room},
        {"denoiser",
         denoiser_.Weights(),
         {all(denoiser_, Tier::kDevice), 0, true},
         source_,
         0,
         true}};
    auto model = ModelResidency::Load(std::move(networks), "cpu:0", at::kCPU, at::kFloat,
                                      {device_bytes, 0, kPlenty});
    EXPECT_TRUE(model.ok()) << model.status();
    return *std::move(model);
  }
  at::Tensor Run(ModelResidency& model, const std::string& name) {
    const auto weights = model.Enter(name);
    EXPECT_TRUE(weights.ok()) << weights.status();
    return RunPass(name == "text" ? text_ : denoiser_, **weights, Input());
  }

  BlockList<SmallState> text_ = MakeSmallModel(), denoiser_ = MakeSmallModel();
  std::shared_ptr<MadeWeights> source_ = std::make_shared<MadeWeights>();
};

TEST_F(ModelResidencyTest, TheDenoiserMakesRoomAndComesBack) {
  auto roomy = Load(kPlenty, 0);
  const at::Tensor text = Run(*roomy, "text"), step = Run(*roomy, "denoiser");
  roomy->Enter("text").IgnoreError();
  const uint64_t all = roomy->device_peak_bytes(), ring = roomy->device_bytes();
  roomy.reset();

  // The ring does not fit beside the denoiser.
  auto tight = Load(all - 64, 4096);
  for (int image = 0; image < 3; ++image) {
    EXPECT_TRUE(Run(*tight, "text").equal(text));
    EXPECT_LT(tight->device_bytes(), ring);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(Run(*tight, "denoiser").equal(step));
  }
  EXPECT_LE(tight->device_peak_bytes(), all - 64);
  EXPECT_GT(tight->counters().restored_bytes, 0);
}

TEST_F(ModelResidencyTest, IsRefusedWhereTheDenoiserMakesNoRoom) {
  auto roomy = Load(kPlenty, 0);
  const uint64_t denoiser = roomy->device_bytes();
  roomy.reset();
  auto tight = Load(denoiser + 64, 0);
  EXPECT_EQ(tight->Enter("text").status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ModelResidencyTest, AModelThatWasEvictedTakesNoDeviceMemoryAndRunsAgain) {
  auto model = Load(kPlenty, 0);
  const at::Tensor text = Run(*model, "text"), step = Run(*model, "denoiser");
  ASSERT_TRUE(model->Evict(UINT64_MAX).ok());
  EXPECT_EQ(model->device_bytes(), 0);
  const int reads = source_->reads;
  EXPECT_TRUE(Run(*model, "text").equal(text));
  EXPECT_TRUE(Run(*model, "denoiser").equal(step));
  EXPECT_EQ(source_->reads, reads);  // from host memory
}

}  // namespace
}  // namespace hanga
