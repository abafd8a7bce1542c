// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "scheduler/request_check.h"

namespace hanga {

void ResolveSpec(const v1::Model& model, uint64_t seed, v1::GenerationSpec* spec) {
  const v1::GenerationSpec& d = model.defaults();
  if (!spec->has_seed()) spec->set_seed(seed);
  if (!spec->has_num_images()) spec->set_num_images(1);
  if (!spec->has_quality()) spec->set_quality(90);
  if (spec->output_format() == v1::OUTPUT_FORMAT_UNSPECIFIED) {
    spec->set_output_format(v1::OUTPUT_FORMAT_PNG);
  }
  if (spec->prompt_syntax() == v1::PROMPT_SYNTAX_UNSPECIFIED) {
    spec->set_prompt_syntax(v1::PROMPT_SYNTAX_PLAIN);
  }
  if (!spec->has_max_sequence_length() && d.has_max_sequence_length()) {
    spec->set_max_sequence_length(d.max_sequence_length());
  }
  if (!spec->has_steps() && d.has_steps()) spec->set_steps(d.steps());
  if (!spec->has_guidance_scale() && d.has_guidance_scale()) {
    spec->set_guidance_scale(d.guidance_scale());
  }
  if (!spec->has_true_cfg_scale() && d.has_true_cfg_scale()) {
    spec->set_true_cfg_scale(d.true_cfg_scale());
  }
  if (spec->sampler().empty()) spec->set_sampler(d.sampler());
  if (spec->scheduler().empty()) spec->set_scheduler(d.scheduler());
  if (!spec->has_shift() && d.has_shift()) spec->set_shift(d.shift());
  if (spec->has_init_image()) {
    if (!spec->has_strength()) spec->set_strength(0.75);
    // Unset sides are the picture's, which its worker sees.
  } else {
    if (!spec->has_width() && d.has_width()) spec->set_width(d.width());
    if (!spec->has_height() && d.has_height()) spec->set_height(d.height());
  }
  if (spec->has_second_pass()) {
    v1::SecondPass& pass = *spec->mutable_second_pass();
    if (!pass.has_steps() && spec->has_steps()) pass.set_steps(spec->steps());
    if (!pass.has_strength()) pass.set_strength(0.7);
    if (pass.space() == v1::UPSCALE_SPACE_UNSPECIFIED) pass.set_space(v1::UPSCALE_SPACE_LATENT);
    if (pass.method() == v1::UPSCALE_METHOD_UNSPECIFIED) {
      pass.set_method(v1::UPSCALE_METHOD_BILINEAR);
    }
  }
}

WorkShape ShapeOf(const v1::GenerationSpec& spec, const v1::GenerationSpec& defaults) {
  WorkShape shape;
  shape.width = spec.has_width() ? spec.width() : defaults.width();
  shape.height = spec.has_height() ? spec.height() : defaults.height();
  double steps = spec.steps() * (spec.has_init_image() ? spec.strength() : 1.0);
  if (spec.has_second_pass()) {
    const v1::SecondPass& pass = spec.second_pass();
    steps += pass.steps() * pass.strength() * pass.scale() * pass.scale();
  }
  shape.steps = static_cast<uint32_t>(std::max(1.0, std::ceil(steps)));
  shape.two_passes = spec.true_cfg_scale() > 1;
  return shape;
}

}  // namespace hanga
