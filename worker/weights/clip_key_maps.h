// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The layouts in which CLIP's text encoders are found, to transformers' names.
#pragma once

#include <string>
#include <vector>

#include "worker/weights/key_map.h"

namespace hanga {

// transformers' own, under any of the prefixes.
KeyMap TransformersClip(std::vector<std::string> prefixes);

// OpenCLIP's: queries, keys and values in one, the projection transposed.
KeyMap OpenClip(std::vector<std::string> prefixes);

}  // namespace hanga
