// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/strips.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hanga {
namespace {

using at::Tensor;

// [B, groups] of [B, C]: the sum of each group's channels.
Tensor OfGroups(const Tensor& of_channels, int64_t groups) {
  return of_channels.view({of_channels.size(0), groups, -1}).sum(-1);
}

// Sums over all pixels of f(rows), [B, C] in float64, a strip at a time.
Tensor SumOver(const Tensor& x, int64_t rows, const std::function<Tensor(const Tensor&)>& f) {
  Tensor sum = at::zeros({x.size(0), x.size(1)}, x.options().dtype(at::kDouble));
  for (int64_t first = 0; first < x.size(2); first += rows) {
    const Tensor strip = x.narrow(2, first, std::min(rows, x.size(2) - first)).to(at::kFloat);
    sum += f(strip).sum({2, 3}, /*keepdim=*/false, at::kFloat);
  }
  return sum;
}

}  // namespace

int64_t Strips::RowsOf(const Tensor& x) const {
  const int64_t row = std::max<int64_t>(1, x.numel() / x.size(2));
  return std::max<int64_t>(1, most_elements / 8 / row);
}

Tensor ByStrips(int64_t height, int64_t rows,
                const std::function<Tensor(int64_t first, int64_t count)>& work) {
  Tensor out;
  int64_t scale = 1;
  for (int64_t first = 0; first < height; first += rows) {
    const int64_t count = std::min(rows, height - first);
    const Tensor strip = work(first, count);
    if (!out.defined()) {
      scale = strip.size(2) / count;
      out = at::empty({strip.size(0), strip.size(1), scale * height, strip.size(3)},
                      strip.options().memory_format(at::MemoryFormat::ChannelsLast));
    }
    out.narrow(2, scale * first, scale * count).copy_(strip);
  }
  return out;
}

Tensor ConvolvedRows(const Tensor& x, int64_t first, int64_t count, int64_t scale,
                     const std::function<Tensor(const Tensor&)>& prepare,
                     const std::function<Tensor(const Tensor&)>& convolve) {
  const int64_t above = std::min<int64_t>(first, 1);
  const int64_t below = std::min<int64_t>(x.size(2) - first - count, 1);
  const Tensor seen =
      x.narrow(2, first - above, above + count + below).contiguous(at::MemoryFormat::ChannelsLast);
  // What the convolution makes of its padding beside the rows around the strip is left out.
  return convolve(prepare(seen)).narrow(2, scale * above, scale * count);
}

std::function<Tensor(const Tensor&)> NormThenSiluOf(const GroupNorm& norm, const Tensor& x,
                                                    int64_t rows) {
  const int64_t groups = norm.groups, in_group = x.size(1) / groups;
  const double count = static_cast<double>(in_group * x.size(2) * x.size(3));
  const auto spread = [&](const Tensor& of_groups) {
    return of_groups.repeat_interleave(in_group, 1).unsqueeze(-1).unsqueeze(-1);
  };
  // The mean first, then the squares around it: exact where the mean is large.
  const Tensor sum = SumOver(x, rows, [](const Tensor& strip) { return strip; });
  const Tensor mean = spread(OfGroups(sum, groups) / count).to(at::kFloat);
  const Tensor squares =
      SumOver(x, rows, [&](const Tensor& strip) { return (strip - mean).square(); });
  const Tensor inverse = spread((OfGroups(squares, groups) / count + norm.eps).rsqrt());
  const auto vector = [](const Tensor& v) { return v.to(at::kFloat).view({1, -1, 1, 1}); };
  const Tensor scale = inverse.to(at::kFloat) * vector(norm.weight);
  const Tensor shift = vector(norm.bias);
  return [mean, scale, shift](const Tensor& strip) {
    return at::silu(at::addcmul(shift, strip.to(at::kFloat) - mean, scale)).to(strip.scalar_type());
  };
}

}  // namespace hanga
