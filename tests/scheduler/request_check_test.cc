// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/request_check.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>

namespace hanga {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class RequestCheckTest : public testing::Test {
 protected:
  RequestCheckTest() {
    v1::ModelLimits& limits = *model_.mutable_limits();
    limits.set_min_width(64);
    limits.set_max_width(1024);
    limits.set_min_height(64);
    limits.set_max_height(1024);
    limits.set_max_pixels(512 * 1024);
    limits.set_size_multiple(16);
    limits.set_max_steps(50);
    limits.set_max_images(4);
    limits.add_samplers("euler");
    model_.mutable_defaults()->set_width(512);
    model_.mutable_defaults()->set_height(512);
    spec_.set_prompt("a lighthouse");
  }
  // The only violation: its field, or what is wrong with the number of them.
  std::string FieldOf(const std::function<void(v1::GenerationSpec&)>& change) const {
    v1::GenerationSpec spec = spec_;
    change(spec);
    const auto violations = CheckSpec(spec, model_);
    if (violations.size() != 1) return std::to_string(violations.size()) + " violations";
    return violations[0].field;
  }

  v1::Model model_;
  v1::GenerationSpec spec_;
};

TEST_F(RequestCheckTest, TakesWhatTheModelCanDraw) {
  EXPECT_THAT(CheckSpec(spec_, model_), IsEmpty());
  spec_.set_width(1024);
  spec_.set_height(512);
  spec_.set_steps(50);
  spec_.set_sampler("euler");
  spec_.set_num_images(4);
  EXPECT_THAT(CheckSpec(spec_, model_), IsEmpty());
}

TEST_F(RequestCheckTest, NamesTheFieldThatIsOutOfItsRange) {
  EXPECT_EQ(FieldOf([](auto& s) { s.clear_prompt(); }), "spec.prompt");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_prompt(std::string(32'001, 'x')); }), "spec.prompt");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_steps(0); }), "spec.steps");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_steps(51); }), "spec.steps");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_width(72); }), "spec.width");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_width(64), s.set_height(2048); }), "spec.height");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_num_images(5); }), "spec.num_images");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_sampler("ddim"); }), "spec.sampler");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_guidance_scale(std::nan("")); }), "spec.guidance_scale");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_guidance_scale(INFINITY); }), "spec.guidance_scale");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_true_cfg_scale(0.5); }), "spec.true_cfg_scale");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_quality(101); }), "spec.quality");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_output_format(static_cast<v1::OutputFormat>(9)); }),
            "spec.output_format");
}

TEST_F(RequestCheckTest, MeasuresTheAreaWithTheDefaultOfTheSideThatIsNotSet) {
  EXPECT_EQ(FieldOf([](auto& s) { s.set_width(1024), s.set_height(1024); }), "spec.width");
  model_.mutable_limits()->set_max_pixels(512 * 512);
  EXPECT_EQ(FieldOf([](auto& s) { s.set_width(1024); }), "spec.width");
}

TEST_F(RequestCheckTest, RefusesWhatOneModelLacksAndAnotherHas) {
  const auto with_image = [](auto& s) { s.mutable_init_image()->set_sha256("x"); };
  EXPECT_EQ(FieldOf(with_image), "spec.init_image");
  model_.mutable_limits()->add_capabilities("init_image");
  EXPECT_EQ(FieldOf(with_image), "0 violations");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_prompt_syntax(v1::PROMPT_SYNTAX_A1111); }),
            "spec.prompt_syntax");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_guidance_start(0.5); }), "spec.guidance_start");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_guidance_end(1); }), "0 violations");
}

TEST_F(RequestCheckTest, ChecksPicturesToBeginWith) {
  model_.mutable_limits()->add_capabilities("init_image");
  model_.mutable_limits()->add_capabilities("mask");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_strength(0.5); }), "spec.strength");
  EXPECT_EQ(FieldOf([](auto& s) { s.mutable_mask(); }), "spec.mask");
  spec_.mutable_init_image();
  EXPECT_EQ(FieldOf([](auto& s) { s.set_mask_blur(1); }), "spec.mask_blur");
  EXPECT_EQ(FieldOf([](auto& s) { s.mutable_mask(), s.set_mask_blur(257); }), "spec.mask_blur");
  EXPECT_EQ(FieldOf([](auto& s) { s.mutable_mask(), s.set_mask_blur(256); }), "0 violations");
  for (const double wrong : {0.0, 1.5, -0.1, std::nan("")}) {
    EXPECT_EQ(FieldOf([&](auto& s) { s.set_strength(wrong); }), "spec.strength") << wrong;
  }
  EXPECT_EQ(FieldOf([](auto& s) { s.set_strength(1); }), "0 violations");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_width(512); }), "spec.width");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_width(512), s.set_height(512); }), "0 violations");
}

TEST_F(RequestCheckTest, ChecksASecondPass) {
  const auto scaled = [](double scale) {
    return [=](auto& s) { s.mutable_second_pass()->set_scale(scale); };
  };
  EXPECT_EQ(FieldOf(scaled(1.25)), "spec.second_pass");
  model_.mutable_limits()->add_capabilities("second_pass");
  EXPECT_EQ(FieldOf(scaled(1.25)), "0 violations");
  EXPECT_EQ(FieldOf(scaled(1)), "spec.second_pass.scale");
  EXPECT_EQ(FieldOf(scaled(2)), "spec.second_pass.scale");  // 1024 x 1024 pixels are too many
  spec_.mutable_second_pass()->set_scale(1.25);
  EXPECT_EQ(FieldOf([](auto& s) { s.mutable_second_pass()->set_strength(0); }),
            "spec.second_pass.strength");
  EXPECT_EQ(FieldOf([](auto& s) { s.mutable_second_pass()->set_steps(51); }),
            "spec.second_pass.steps");
}

TEST_F(RequestCheckTest, ChecksGuidanceAndWhatElseTurnsIt) {
  for (const char* field : {"guidance_start", "guidance_rescale", "clip_skip", "eta"}) {
    model_.mutable_limits()->add_capabilities(field);
  }
  EXPECT_EQ(FieldOf([](auto& s) { s.set_guidance_start(0.5), s.set_guidance_end(0.4); }),
            "spec.guidance_start");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_guidance_rescale(1.1); }), "spec.guidance_rescale");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_clip_skip(12); }), "spec.clip_skip");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_eta(-1); }), "spec.eta");
  EXPECT_EQ(FieldOf([](auto& s) { s.set_clip_skip(2), s.set_eta(1), s.set_guidance_start(0.2); }),
            "0 violations");
}

TEST_F(RequestCheckTest, ChecksAdapters) {
  for (const char* field : {"loras", "controls", "embeddings"}) {
    model_.mutable_limits()->add_capabilities(field);
  }
  EXPECT_EQ(FieldOf([](auto& s) { s.add_loras(); }), "spec.loras[0].name");
  EXPECT_EQ(FieldOf([](auto& s) { s.add_loras()->set_name("a"), s.add_loras(); }),
            "spec.loras[1].name");
  EXPECT_EQ(FieldOf([](auto& s) { s.add_loras()->mutable_file(); }), "0 violations");
  EXPECT_EQ(FieldOf([](auto& s) {
              s.add_loras()->set_name("a");
              s.mutable_loras(0)->set_weight(11);
            }),
            "spec.loras[0].weight");
  EXPECT_EQ(FieldOf([](auto& s) {
              for (int i = 0; i < 17; ++i) s.add_loras()->set_name("a");
            }),
            "spec.loras");
  EXPECT_EQ(FieldOf([](auto& s) {
              s.add_embeddings()->set_token("two words");
              s.mutable_embeddings(0)->set_name("a");
            }),
            "spec.embeddings[0].token");
  EXPECT_EQ(FieldOf([](auto& s) {
              s.add_controls()->set_model("canny");
              s.mutable_controls(0)->set_start(2);
            }),
            "spec.controls[0].start");
}

TEST_F(RequestCheckTest, TakesOnlyUtf8) {
  for (const char* wrong : {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf"}) {
    EXPECT_EQ(FieldOf([&](auto& s) { s.set_prompt(wrong); }), "spec.prompt") << wrong;
  }
  EXPECT_EQ(FieldOf([](auto& s) { s.set_prompt("版画 \xf0\x9f\x8c\x8a"); }), "0 violations");
}

TEST_F(RequestCheckTest, AllowsAllThatTheApiDoesBeforeTheModelWasExamined) {
  spec_.set_steps(1'000);
  spec_.set_sampler("anything");
  spec_.set_width(4'096);
  EXPECT_THAT(CheckSpec(spec_, {}), IsEmpty());
  spec_.set_steps(1'001);
  EXPECT_EQ(CheckSpec(spec_, {}).size(), 1U);
}

TEST_F(RequestCheckTest, ChecksWhatSurroundsTheSpec) {
  const absl::Time now = absl::FromUnixSeconds(1'000);
  v1::SubmitJobRequest request;
  EXPECT_THAT(CheckSubmit(request, now), IsEmpty());
  request.set_request_id(std::string(129, 'r'));
  request.set_priority(static_cast<v1::Priority>(7));
  request.mutable_queue_deadline()->set_seconds(1'000);
  (*request.mutable_labels())[""] = "x";
  const auto violations = CheckSubmit(request, now);
  ASSERT_EQ(violations.size(), 4U);
  EXPECT_EQ(violations[0].field, "request_id");
  EXPECT_EQ(violations[1].field, "priority");
  EXPECT_EQ(violations[2].field, "labels.");
  EXPECT_EQ(violations[3].field, "queue_deadline");
  EXPECT_THAT(violations[1].description, HasSubstr("7"));
}

TEST_F(RequestCheckTest, FillsWhatIsUnsetAndNothingElse) {
  model_.mutable_defaults()->set_steps(20);
  model_.mutable_defaults()->set_sampler("euler");
  spec_.set_steps(4);
  ResolveSpec(model_, 42, &spec_);
  EXPECT_EQ(spec_.steps(), 4U);
  EXPECT_EQ(spec_.sampler(), "euler");
  EXPECT_EQ(spec_.width(), 512U);
  EXPECT_EQ(spec_.seed(), 42U);
  EXPECT_EQ(spec_.num_images(), 1U);
  v1::GenerationSpec again = spec_;
  ResolveSpec(model_, 7, &again);
  EXPECT_EQ(again.SerializeAsString(), spec_.SerializeAsString());
}

TEST_F(RequestCheckTest, LeavesThePicturesSizeToThePicture) {
  spec_.mutable_init_image();
  spec_.set_steps(20);
  ResolveSpec(model_, 42, &spec_);
  EXPECT_FALSE(spec_.has_width());
  EXPECT_EQ(spec_.strength(), 0.75);
  const WorkShape shape = ShapeOf(spec_, model_.defaults());
  EXPECT_EQ(shape.width, 512U);
  EXPECT_EQ(shape.steps, 15U);
}

}  // namespace
}  // namespace hanga
