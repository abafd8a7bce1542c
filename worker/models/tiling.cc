// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/tiling.h"

#include <algorithm>
#include <vector>

namespace hanga {
namespace {

using at::Tensor;

// Fades the first `extent` rows (dim 2) or columns (dim 3) of `after` in over the last of `before`.
void Blend(const Tensor& before, Tensor& after, int64_t extent, int64_t dim) {
  extent = std::min({extent, before.size(dim), after.size(dim)});
  if (extent == 0) return;
  auto ramp = at::arange(extent, after.options()) / extent;
  if (dim == 2) ramp = ramp.unsqueeze(1);
  const auto old = before.narrow(dim, before.size(dim) - extent, extent);
  auto edge = after.narrow(dim, 0, extent);
  edge.copy_(old * (1 - ramp) + edge * ramp);
}

// Sizes of the input's tiles and of the output's, on one axis.
struct Tiles {
  Tiles(int64_t in_size, int64_t out_size, double overlap)
      : in_size(in_size),
        stride(std::max<int64_t>(1, static_cast<int64_t>(in_size * (1 - overlap)))),
        blend(static_cast<int64_t>(out_size * overlap)),
        kept(out_size - blend) {}
  int64_t in_size, stride;  // of the input
  int64_t blend, kept;      // of the output
};

Tensor RunTiled(const Tensor& x, const Tiles& tiles, const TensorFunction& run) {
  std::vector<Tensor> above, rows;
  for (int64_t top = 0; top < x.size(2); top += tiles.stride) {
    std::vector<Tensor> here, kept;
    for (int64_t left = 0; left < x.size(3); left += tiles.stride) {
      auto tile = run(x.slice(2, top, top + tiles.in_size).slice(3, left, left + tiles.in_size));
      if (!above.empty()) Blend(above[here.size()], tile, tiles.blend, 2);
      if (!here.empty()) Blend(here.back(), tile, tiles.blend, 3);
      kept.push_back(tile.slice(2, 0, tiles.kept).slice(3, 0, tiles.kept));
      here.push_back(std::move(tile));
    }
    rows.push_back(at::cat(kept, 3));
    above = std::move(here);
  }
  return at::cat(rows, 2);
}

}  // namespace

Tensor EncodeTiled(const Tensor& image, const TileOptions& o, const TensorFunction& encode) {
  return RunTiled(image, Tiles(o.sample_size, o.latent_size, o.overlap), encode);
}

Tensor DecodeTiled(const Tensor& latent, const TileOptions& o, const TensorFunction& decode) {
  return RunTiled(latent, Tiles(o.latent_size, o.sample_size, o.overlap), decode);
}

}  // namespace hanga
