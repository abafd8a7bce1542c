// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What one evaluation of a UNet costs.
#pragma once

#include <c10/core/ScalarType.h>

#include <vector>

#include "placement/profile.h"
#include "worker/models/unet.h"

namespace hanga {

struct UnetWork {
  double rows = 1, columns = 1;  // of the latents
  int batch = 1;
  int text_tokens = 77;
  at::ScalarType type = at::kBFloat16;
};

// The component "unet".
void AppendUnet(const UnetParams& params, const UnetWork& work,
                std::vector<placement::BlockProfile>* blocks);

}  // namespace hanga
