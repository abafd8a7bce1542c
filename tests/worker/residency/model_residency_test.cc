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
    std::vector<NetworkPlacement> networks = {{"text",
                                               text_.Weights(),
                                               {all(text_, Tier::kPageable), 2, false},
                                               source_,
                                               at::kFloat,
                                               makes_room},
                                              {"denoiser",
                                               denoiser_.Weights(),
                                               {all(denoiser_, Tier::kDevice), 0, true},
                                               source_,
                                               at::kFloat,
                                               0,
                                               true}};
    auto model =
        ModelResidency::Load(std::move(networks), "cpu:0", at::kCPU, {device_bytes, 0, kPlenty});
    EXPECT_TRUE(model.ok()) << model.status();
    return *std::move(model);
  }
  at::Tensor Run(ModelResidency& model, const std::string& name) {
    const auto weights = model.Enter(name);
    EXPECT_TRUE(weights.ok()) << weights.status();
    return RunPass(name == "text" ? text_ : denoiser_, **weights, Input());
  }

  // A text encoder that another device runs, and a denoiser half of which that device keeps.
  absl::StatusOr<std::unique_ptr<ModelResidency>> LoadWithDonor(
      uint64_t lent_bytes, const std::string& donor = "cpu:1") {
    std::vector<Tier> tiers(denoiser_.size(), Tier::kDevice);
    for (size_t i = 0; i < tiers.size(); i += 2) tiers[i] = Tier::kDonor;
    std::vector<NetworkPlacement> networks = {
        {"text",
         text_.Weights(),
         {std::vector<Tier>(text_.size(), Tier::kDevice), 0, false},
         source_,
         at::kFloat,
         0,
         false,
         donor},
        {"denoiser",
         denoiser_.Weights(),
         {tiers, 2, true, std::vector<std::string>(tiers.size(), "cpu:1")},
         source_,
         at::kFloat,
         0,
         true}};
    return ModelResidency::Load(std::move(networks), "cpu:0", at::kCPU,
                                {kPlenty, 0, kPlenty, {{"cpu:1", at::kCPU, lent_bytes}}});
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

TEST_F(ModelResidencyTest, ADonorKeepsBlocksAndRunsANetwork) {
  auto alone = Load(kPlenty, 0);
  const at::Tensor text = Run(*alone, "text"), step = Run(*alone, "denoiser");
  const uint64_t denoiser = alone->device_bytes();
  alone.reset();
  auto model = LoadWithDonor(kPlenty);
  ASSERT_TRUE(model.ok()) << model.status();
  for (int image = 0; image < 2; ++image) {
    EXPECT_TRUE(Run(**model, "text").equal(text));
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(Run(**model, "denoiser").equal(step));
  }
  EXPECT_LT((*model)->device_bytes(), denoiser);
  EXPECT_GT((*model)->donor_bytes().at("cpu:1"), denoiser)
      << "the text encoder and every other block";
  EXPECT_EQ((*model)->counters().donor_bytes.at("cpu:1"), (*model)->counters().streamed_bytes);
  EXPECT_EQ((*model)->host_bytes(), 0);
}

TEST_F(ModelResidencyTest, ADonorWithTooLittleMemoryRefusesTheWholeModel) {
  EXPECT_EQ(LoadWithDonor(4096).status().code(), absl::StatusCode::kResourceExhausted);
  for (const BlockList<SmallState>* list : {&text_, &denoiser_}) {
    for (size_t i = 0; i < list->size(); ++i) {
      for (const Slot& slot : (*list)[i].slots) EXPECT_FALSE(slot.tensor->defined());
    }
  }
  EXPECT_EQ(LoadWithDonor(kPlenty, "cpu:9").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace hanga
