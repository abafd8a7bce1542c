// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

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
  if (!spec->has_width() && d.has_width()) spec->set_width(d.width());
  if (!spec->has_height() && d.has_height()) spec->set_height(d.height());
}

}  // namespace hanga
