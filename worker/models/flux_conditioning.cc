// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include "worker/layers/linear.h"
#include "worker/models/flux.h"
#include "worker/models/flux_modulation.h"

namespace hanga {
namespace {

using at::Tensor;
using FluxLayer = Layer<FluxParams>;

constexpr int64_t kTimeDim = 256;

// Cosines, then sines, of 1000 t at frequencies from 1 down to 1/10000: [B] -> [B, kTimeDim], in
// the type of `like`. Angles reach thousands of radians, where the last bit of a frequency shows:
// exponents are rounded to float32 as when the weights were trained, and their exponential
// correctly, so that it is the same on every device. One lies 0.03 ulp from the middle between two
// floats, and PyTorch's vector library takes the upper: so do we.
Tensor TimestepEmbedding(const Tensor& t, const Tensor& like) {
  constexpr int64_t half = kTimeDim / 2;
  const auto steps = at::arange(half, t.options().dtype(at::kFloat));
  const auto exponents = -std::log(10000.0) * steps / half;
  const auto upwards = 4e-9 * (steps == 13).to(at::kDouble);
  const auto freqs = at::exp(exponents.to(at::kDouble) + upwards).to(at::kFloat);
  const auto angles = (1000.0 * t.to(at::kFloat)).unsqueeze(-1) * freqs;
  return at::cat({angles.cos(), angles.sin()}, -1).to(like.scalar_type());
}

struct Embedder {
  Embedder(const Scope& w, int64_t in, int64_t hidden)
      : in_layer(w / "in_layer", in, hidden), out_layer(w / "out_layer", hidden, hidden) {}
  Linear in_layer, out_layer;

  Tensor operator()(const Tensor& x) const { return out_layer(at::silu(in_layer(x))); }
};

// The conditioning vector of each step: time, guidance and pooled text.
struct Embedding : FluxLayer {
  Embedding(const Scope& w, const FluxParams& p) : FluxLayer(w, p) {
    if (p.guidance) guidance_in.emplace(w / "guidance_in", kTimeDim, p.hidden);
  }
  Embedder time_in{w / "time_in", kTimeDim, p.hidden};
  Embedder vector_in{w / "vector_in", p.pooled_dim, p.hidden};
  std::optional<Embedder> guidance_in;

  void operator()(FluxConditioningState& s) const {
    s.vec = time_in(TimestepEmbedding(s.timestep, s.pooled));
    if (guidance_in) s.vec = s.vec + (*guidance_in)(TimestepEmbedding(s.guidance, s.pooled));
    s.vec = s.vec + vector_in(s.pooled);
    s.modulation = at::empty({s.vec.size(0), FluxModulationOffsets(p).Width()}, s.vec.options());
    s.timestep = s.guidance = s.pooled = Tensor();
  }
};

// One layer's share of the modulation.
struct ModulationLayer {
  ModulationLayer(const Scope& w, int64_t hidden, int64_t vectors, int64_t first)
      : first(first), lin(w, hidden, vectors * hidden) {}
  const int64_t first;
  Linear lin;

  void operator()(FluxConditioningState& s) const {
    lin.Into(s.modulation.narrow(-1, first, lin.weight.size(0)), at::silu(s.vec));
  }
};

struct DoubleBlockModulation {
  DoubleBlockModulation(const Scope& w, int64_t hidden, int64_t first)
      : img_mod(w / "img_mod" / "lin", hidden, 6, first),
        txt_mod(w / "txt_mod" / "lin", hidden, 6, first + 6 * hidden) {}
  ModulationLayer img_mod, txt_mod;

  void operator()(FluxConditioningState& s) const {
    img_mod(s);
    txt_mod(s);
  }
};

}  // namespace

BlockList<FluxConditioningState> MakeFluxConditioning(const FluxParams& p) {
  const FluxModulationOffsets offsets(p);
  BlockList<FluxConditioningState> blocks;
  blocks.AddRoot<Embedding>("embedding", p);
  for (int64_t i = 0; i < p.double_blocks; ++i) {
    const auto path = "double_blocks." + std::to_string(i);
    blocks.AddAs<DoubleBlockModulation>(path + ".modulation", [&](const Scope& root) {
      return std::make_shared<DoubleBlockModulation>(root / path, p.hidden, offsets.DoubleBlock(i));
    });
  }
  const auto add = [&](const std::string& name, const std::string& path, int64_t vectors,
                       int64_t first) {
    blocks.AddAs<ModulationLayer>(name, [&](const Scope& root) {
      return std::make_shared<ModulationLayer>(root / path, p.hidden, vectors, first);
    });
  };
  for (int64_t i = 0; i < p.single_blocks; ++i) {
    const auto path = "single_blocks." + std::to_string(i) + ".modulation";
    add(path, path + ".lin", 3, offsets.SingleBlock(i));
  }
  add("final_layer.modulation", "final_layer.adaLN_modulation.1", 2, offsets.FinalLayer());
  return blocks;
}

}  // namespace hanga
