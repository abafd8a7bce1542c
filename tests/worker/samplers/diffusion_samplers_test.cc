// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/diffusion_samplers.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "worker/samplers/noise_levels.h"
#include "worker/samplers/registry.h"

namespace hanga {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kDiffusion = SamplerKind::kDiffusion;

json StableDiffusion() {
  return {{"beta_start", 0.00085}, {"beta_end", 0.012},      {"beta_schedule", "scaled_linear"},
          {"clip_sample", false},  {"skip_prk_steps", true}, {"prediction_type", "epsilon"}};
}

ScheduleRequest Steps(int64_t steps) {
  ScheduleRequest request;
  request.steps = steps;
  return request;
}

std::unique_ptr<Sampler> Make(const std::string& name, const json& config, int64_t steps) {
  auto sampler = MakeSampler(kDiffusion, name, config, Steps(steps));
  EXPECT_TRUE(sampler.ok()) << name << ": " << sampler.status();
  return *std::move(sampler);
}

// A network of a kind: smooth, and different at every timestep.
at::Tensor Output(const Sampler& sampler, const at::Tensor& x) {
  return at::sin(sampler.ScaleInput(x) + sampler.timesteps()[sampler.step()] / 300);
}

TEST(DiffusionSamplersTest, EndAtThePictureThatTheModelIsSureOf) {
  json config = StableDiffusion();
  config["prediction_type"] = "sample";
  const at::Tensor picture = at::full({1, 4, 3, 3}, 0.7f);
  for (const std::string& name : SamplerNames(kDiffusion)) {
    if (name == "pndm") continue;  // knows no such models
    const auto sampler = Make(name, config, 8);
    SeededNoise noise(3);
    at::Tensor x = noise.Draw({1, 4, 3, 3}) * sampler->init_noise_sigma();
    while (sampler->step() < sampler->steps()) {
      EXPECT_TRUE(at::allclose(sampler->Denoised(picture, x), picture)) << name;
      x = sampler->Step(picture, x, noise);
    }
    EXPECT_TRUE(at::allclose(x, picture, 0, 2e-3)) << name << ": " << x.flatten()[0];
  }
}

TEST(DiffusionSamplersTest, GoOnToTheSameBitsAfterARestoreAtAnyStep) {
  for (const std::string& name : SamplerNames(kDiffusion)) {
    const int64_t evaluations = Make(name, StableDiffusion(), 6)->steps();
    for (int64_t cut = 0; cut < evaluations; ++cut) {
      const auto a = Make(name, StableDiffusion(), 6), b = Make(name, StableDiffusion(), 6);
      SeededNoise noise(1), restored(9);
      at::Tensor x = noise.Draw({1, 4, 2, 2}) * a->init_noise_sigma();
      for (int64_t i = 0; i < cut; ++i) x = a->Step(Output(*a, x), x, noise);
      ASSERT_TRUE(b->Restore(a->Save()).ok()) << name;
      ASSERT_TRUE(restored.Restore(noise.Save()).ok());
      at::Tensor y = x.clone();
      while (a->step() < a->steps()) {
        x = a->Step(Output(*a, x), x, noise);
        y = b->Step(Output(*b, y), y, restored);
      }
      EXPECT_TRUE(x.equal(y)) << name << " at " << cut;
    }
  }
}

TEST(DiffusionSamplersTest, StartInTheMiddleAtAPicture) {
  for (const std::string& name : SamplerNames(kDiffusion)) {
    const auto sampler = Make(name, StableDiffusion(), 8);
    sampler->StartAt(4 * sampler->evaluations_per_step());
    SeededNoise noise(1);
    at::Tensor x = sampler->AddNoise(at::ones({1, 4, 2, 2}), noise.Draw({1, 4, 2, 2}));
    while (sampler->step() < sampler->steps()) x = sampler->Step(Output(*sampler, x), x, noise);
    EXPECT_TRUE(x.isfinite().all().item<bool>()) << name;
  }
}

// Few-step models were distilled at these timesteps: Turbo, Lightning, Hyper at trailing ones, LCM
// at every n-th of its 50.
TEST(DiffusionSamplersTest, MeetTheTimestepsOfFewStepModels) {
  const auto trailing = WithSchedule(StableDiffusion(), "sgm_uniform");
  ASSERT_TRUE(trailing.ok()) << trailing.status();
  for (const char* name : {"euler", "ddim", "dpmpp_2m"}) {
    EXPECT_THAT(Make(name, *trailing, 1)->timesteps(), ElementsAre(999)) << name;
    EXPECT_THAT(Make(name, *trailing, 4)->timesteps(), ElementsAre(999, 749, 499, 249)) << name;
    EXPECT_THAT(Make(name, *trailing, 8)->timesteps(),
                ElementsAre(999, 874, 749, 624, 499, 374, 249, 124))
        << name;
  }
  EXPECT_THAT(Make("lcm", StableDiffusion(), 4)->timesteps(), ElementsAre(999, 759, 499, 259));
  EXPECT_THAT(Make("lcm", StableDiffusion(), 8)->timesteps(),
              ElementsAre(999, 879, 759, 639, 499, 379, 259, 139));
}

TEST(DiffusionSamplersTest, RefuseStatesOfOthers) {
  const auto sampler = Make("dpmpp_2m", StableDiffusion(), 4);
  const at::Tensor t = at::ones({1});
  EXPECT_FALSE(sampler->Restore({1, {t, t, t}}).ok());
  EXPECT_FALSE(Make("euler", StableDiffusion(), 4)->Restore({1, {t}}).ok());
  EXPECT_TRUE(sampler->Restore({1, {t}}).ok());
}

TEST(DiffusionSamplersTest, RefuseMoreStepsThanTheModelKnows) {
  for (const auto& [name, steps] : {std::pair("lcm", 51), {"ddim", 1000}, {"euler", 0}}) {
    const auto sampler = MakeSampler(kDiffusion, name, StableDiffusion(), Steps(steps));
    EXPECT_EQ(sampler.status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(sampler.status().message()), HasSubstr("steps: "));
  }
}

TEST(DiffusionSamplersTest, NameTheFieldOfTheConfigurationThatTheyCannotUse) {
  const std::pair<const char*, json> faults[] = {
      {"beta_schedule", "sine"},  {"prediction_type", 3},   {"thresholding", true},
      {"num_train_timesteps", 1}, {"trained_betas", {0.1}}, {"timestep_spacing", "wide"},
      {"use_karras_sigmas", "x"}, {"steps_offset", -1}};
  for (const auto& [field, value] : faults) {
    json config = StableDiffusion();
    config[field] = value;
    const auto sampler = MakeSampler(kDiffusion, "euler", config, Steps(4));
    EXPECT_EQ(sampler.status().code(), absl::StatusCode::kFailedPrecondition) << field;
    EXPECT_THAT(std::string(sampler.status().message()), HasSubstr(field));
  }
}

TEST(DiffusionSamplersTest, TakeTwoEvaluationsAStepWhereASlopeIsCorrected) {
  EXPECT_EQ(Make("heun", StableDiffusion(), 5)->steps(), 9);
  EXPECT_EQ(Make("euler", StableDiffusion(), 5)->steps(), 5);
  EXPECT_EQ(Make("pndm", StableDiffusion(), 5)->steps(), 6);
}

TEST(NoiseLevelsTest, EndInPureNoiseWhereTheConfigurationSaysSo) {
  DiffusionConfig config;
  config.rescale_betas_zero_snr = true;
  EXPECT_FLOAT_EQ(MakeNoiseLevels(config, /*finite=*/false).alphas.back(), 0);
  EXPECT_LT(MakeNoiseLevels(config, /*finite=*/true).sigmas.back(), 5000);
  EXPECT_GT(MakeNoiseLevels(config, /*finite=*/true).sigmas.back(), 4000);
}

TEST(NoiseLevelsTest, FindTheTimestepOfALevelAgain) {
  const NoiseLevels levels = MakeNoiseLevels({}, true);
  for (const double t : {0.0, 1.0, 250.0, 998.5, 999.0})
    EXPECT_NEAR(levels.TimestepAt(levels.SigmaAt(t)), t, 0.01);
  EXPECT_EQ(levels.TimestepAt(0), 0);
  EXPECT_EQ(levels.TimestepAt(1e9), 999);
}

TEST(SigmaSpacingTest, GoesFromTheFirstLevelToTheLast) {
  for (const auto spacing :
       {SigmaSpacing::kKarras, SigmaSpacing::kExponential, SigmaSpacing::kBeta}) {
    const auto levels = SpaceSigmas(spacing, 14.6, 0.03, 12);
    EXPECT_NEAR(levels.front(), 14.6, 1e-9);
    EXPECT_NEAR(levels.back(), 0.03, 1e-9);
    for (size_t i = 1; i < levels.size(); ++i) EXPECT_LT(levels[i], levels[i - 1]);
  }
}

TEST(SigmaSpacingTest, InvertsTheBetaDistribution) {
  EXPECT_NEAR(BetaQuantile(0.5, 0.6, 0.6), 0.5, 1e-12);
  EXPECT_NEAR(BetaQuantile(0.3, 1, 1), 0.3, 1e-12);                 // uniform
  EXPECT_NEAR(BetaQuantile(0.81, 2, 1), 0.9, 1e-12);                // density 2x
  EXPECT_NEAR(BetaQuantile(0.25, 0.5, 0.5), 0.146446609407, 1e-9);  // arcsine: sin^2(pi p / 2)
  EXPECT_NEAR(BetaQuantile(0.1, 0.6, 0.6), 1 - BetaQuantile(0.9, 0.6, 0.6), 1e-12);
}

TEST(RegistryTest, KnowsSamplersByTheNamesOfOtherPrograms) {
  const std::pair<const char*, const char*> names[] = {{"Euler a", "euler_a"},
                                                       {"euler_ancestral", "euler_a"},
                                                       {"DPM++ 2M", "dpmpp_2m"},
                                                       {"DPM++ 2M Karras", "dpmpp_2m"},
                                                       {"DPM++ SDE Karras", "dpmpp_sde"},
                                                       {"dpmpp_2m_sde_gpu", "dpmpp_2m_sde"},
                                                       {"uni_pc", "unipc"},
                                                       {"PLMS", "pndm"},
                                                       {"LCMScheduler", "lcm"},
                                                       {"DDIM", "ddim"}};
  for (const auto& [name, canonical] : names)
    EXPECT_EQ(*CanonicalSampler(kDiffusion, name), canonical) << name;
  EXPECT_EQ(ScheduleOfSampler("DPM++ 2M Karras"), "karras");
  EXPECT_EQ(ScheduleOfSampler("Euler a"), "");
  EXPECT_EQ(*CanonicalSampler(SamplerKind::kFlow, "DPM++ 2M"), "dpmpp_2m");
  EXPECT_FALSE(CanonicalSampler(SamplerKind::kFlow, "ddim").ok());
}

TEST(RegistryTest, TakesEveryNameThatItSaysItTakes) {
  for (const SamplerKind kind : {SamplerKind::kFlow, kDiffusion}) {
    for (const std::string& name : AcceptedSamplers(kind))
      EXPECT_TRUE(CanonicalSampler(kind, name).ok()) << name;
  }
  EXPECT_THAT(AcceptedSamplers(kDiffusion),
              ::testing::IsSupersetOf({"DPM++ 2M Karras", "Euler a", "euler", "DDIMScheduler"}));
}

TEST(RegistryTest, TellsTheSamplerOfAConfiguration) {
  EXPECT_EQ(SamplerOfConfig(kDiffusion, {{"_class_name", "PNDMScheduler"}}), "pndm");
  EXPECT_EQ(SamplerOfConfig(kDiffusion, {{"_class_name", "DPMSolverMultistepScheduler"},
                                         {"algorithm_type", "sde-dpmsolver++"}}),
            "dpmpp_2m_sde");
  EXPECT_EQ(SamplerOfConfig(kDiffusion, {{"_class_name", "Magic"}}), "euler");
}

TEST(RegistryTest, ANameDecidesOverTheConfigurationsAlgorithm) {
  json config = StableDiffusion();
  config["algorithm_type"] = "sde-dpmsolver++";
  const auto draws = [&](const std::string& name) {
    const auto sampler = Make(name, config, 4);
    SeededNoise noise(1), untouched(1);
    sampler->Step(at::ones({1, 2}), at::ones({1, 2}), noise);
    return noise.Save() != untouched.Save();
  };
  EXPECT_FALSE(draws("dpmpp_2m"));
  EXPECT_TRUE(draws("dpmpp_2m_sde"));
  EXPECT_TRUE(draws("DPMSolverMultistepScheduler"));
}

TEST(RegistryTest, SpacesTimestepsBySchedule) {
  const auto first = [](const char* schedule) {
    return Make("euler", *WithSchedule(StableDiffusion(), schedule), 4)->timesteps().front();
  };
  EXPECT_EQ(first("normal"), 999);
  EXPECT_EQ(first("sgm_uniform"), 999);
  EXPECT_EQ(first("ddim_uniform"), 750);
}

}  // namespace
}  // namespace hanga
