// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What text encoders cost when they read one prompt.
#pragma once

#include <c10/core/ScalarType.h>

#include <string>
#include <vector>

#include "placement/profile.h"
#include "worker/models/clip.h"
#include "worker/models/t5.h"

namespace hanga {

struct TextWork {
  std::string component;  // "text_encoder_2"
  at::ScalarType type = at::kBFloat16;
  int batch = 1;
};

void AppendClip(const ClipParams& params, const TextWork& work,
                std::vector<placement::BlockProfile>* blocks);
void AppendT5(const T5Params& params, int tokens, const TextWork& work,
              std::vector<placement::BlockProfile>* blocks);

}  // namespace hanga
