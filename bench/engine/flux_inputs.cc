// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/engine/flux_inputs.h"

#include <ATen/ATen.h>

#include "worker/models/flux_modulation.h"

namespace hanga::bench {

FluxState MakeFluxInputs(const FluxParams& p, const Options& o) {
  const auto options = at::device(at::kCUDA).dtype(at::kBFloat16);
  const auto positions = at::device(at::kCUDA).dtype(at::kFloat);
  const int64_t rows = o.height / 16, columns = o.width / 16;
  FluxState s;
  s.img = at::randn({o.batch, rows * columns, p.in_channels}, options);
  s.txt = at::randn({o.batch, o.text_tokens, p.text_dim}, options);
  s.img_ids = at::stack({at::zeros({rows * columns}, positions),
                         at::arange(rows, positions).repeat_interleave(columns),
                         at::arange(columns, positions).repeat({rows})},
                        -1);
  s.txt_ids = at::zeros({o.text_tokens, 3}, positions);
  s.modulation = at::randn({o.batch, FluxModulationOffsets(p).Width()}, options) * 0.1;
  return s;
}

}  // namespace hanga::bench
