// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/sampler.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "worker/samplers/registry.h"

namespace hanga {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

std::unique_ptr<Sampler> Make(const nlohmann::json& config, int64_t steps) {
  ScheduleRequest request;
  request.steps = steps;
  return *MakeSampler(SamplerKind::kFlow, "euler", config, request);
}

TEST(SeededNoiseTest, RepeatsForASeedAndGoesOnAfterASave) {
  SeededNoise first(7), second(7), other(8);
  const at::Tensor draw = first.Draw({1, 16, 4, 4});
  EXPECT_TRUE(draw.equal(second.Draw({1, 16, 4, 4})));
  EXPECT_FALSE(draw.equal(other.Draw({1, 16, 4, 4})));
  ASSERT_TRUE(other.Restore(first.Save()).ok());
  EXPECT_TRUE(first.Draw({5}).equal(other.Draw({5})));
}

TEST(SeededNoiseTest, GivesTheNumbersOfTorchsGenerator) {
  // torch.randn(4, generator=torch.Generator("cpu").manual_seed(0))
  const at::Tensor expected =
      at::tensor({0x1.8a7eb8p+0f, -0x1.2c78a0p-2f, -0x1.16e292p+1f, 0x1.23096cp-1f});
  EXPECT_TRUE(at::allclose(SeededNoise(0).Draw({4}), expected, 0, 1e-6));
}

TEST(SeededNoiseTest, RefusesWhatIsNoState) {
  SeededNoise noise(1);
  EXPECT_FALSE(noise.Restore("").ok());
  EXPECT_FALSE(noise.Restore(std::string(5000, 'x')).ok());
  EXPECT_TRUE(noise.Draw({3}).equal(SeededNoise(1).Draw({3})));
}

TEST(FlowMatchEulerTest, FollowsAConstantVelocityExactly) {
  const auto sampler = Make({}, 10);
  SeededNoise noise(1);
  const at::Tensor picture = at::full({1, 3}, 2.0f), start = noise.Draw({1, 3});
  at::Tensor x = start;
  while (sampler->step() < sampler->steps()) {
    EXPECT_TRUE(at::allclose(sampler->Denoised(start - picture, x), picture, 1e-5, 1e-5));
    x = sampler->Step(start - picture, x, noise);
  }
  EXPECT_TRUE(at::allclose(x, picture, 1e-5, 1e-5));
}

TEST(FlowMatchEulerTest, GoesOnToTheSameBitsAfterARestore) {
  const auto a = Make({{"stochastic_sampling", true}}, 5);
  const auto b = Make({{"stochastic_sampling", true}}, 5);
  SeededNoise noise_a(3), noise_b(4);
  at::Tensor x = noise_a.Draw({1, 8});
  x = a->Step(at::sin(x), x, noise_a);
  ASSERT_TRUE(b->Restore(a->Save()).ok());
  ASSERT_TRUE(noise_b.Restore(noise_a.Save()).ok());
  EXPECT_TRUE(a->Step(at::cos(x), x, noise_a).equal(b->Step(at::cos(x), x, noise_b)));
}

TEST(FlowMatchEulerTest, RefusesStatesOfOthers) {
  const auto sampler = Make({}, 3);
  EXPECT_FALSE(sampler->Restore({4, {}}).ok());
  EXPECT_FALSE(sampler->Restore({-1, {}}).ok());
  EXPECT_FALSE(sampler->Restore({1, {at::ones({1})}}).ok());
}

TEST(FlowMatchEulerTest, MixesNoiseIntoAPictureAtTheLevelOfItsStep) {
  const auto sampler = Make({}, 2);
  sampler->StartAt(1);
  const float sigma = sampler->sigmas()[1];
  const at::Tensor mixed = sampler->AddNoise(at::full({1}, 2.0f), at::full({1}, 10.0f));
  EXPECT_FLOAT_EQ(mixed.item<float>(), sigma * 10 + (1 - sigma) * 2);
}

TEST(RegistryTest, KnowsASamplerByAllItsNames) {
  for (const char* name : {"flow_match_euler", "euler", "FlowMatchEulerDiscreteScheduler"}) {
    EXPECT_EQ(*CanonicalSampler(SamplerKind::kFlow, name), "flow_match_euler");
  }
  EXPECT_THAT(SamplerNames(SamplerKind::kFlow), Contains("flow_match_euler"));
}

TEST(RegistryTest, NamesWhatItKnowsWhenAskedForSomethingElse) {
  const auto sampler = CanonicalSampler(SamplerKind::kFlow, "magic");
  EXPECT_EQ(sampler.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(sampler.status().message()), HasSubstr("flow_match_euler"));
  EXPECT_THAT(std::string(WithSchedule({}, "magic").status().message()), HasSubstr("karras"));
}

TEST(RegistryTest, PutsASigmaScheduleIntoTheConfiguration) {
  const auto config = WithSchedule({{"shift", 2}}, "karras");
  EXPECT_EQ(FlowMatchConfig::FromJson(*config)->spacing, SigmaSpacing::kKarras);
  EXPECT_EQ(*WithSchedule({{"shift", 2}}, "simple"), nlohmann::json({{"shift", 2}}));
}

}  // namespace
}  // namespace hanga
