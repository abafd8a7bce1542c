// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a denoising step of FLUX takes, made up.
#pragma once

#include "bench/engine/commands.h"
#include "worker/models/flux.h"

namespace hanga::bench {

FluxState MakeFluxInputs(const FluxParams& params, const Options& options);

}  // namespace hanga::bench
