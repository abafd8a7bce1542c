// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/flux.h"

#include <cmath>
#include <optional>
#include <string>

#include "worker/kernels/attention.h"
#include "worker/kernels/gated_residual.h"
#include "worker/kernels/layer_norm_modulate.h"
#include "worker/kernels/qk_norm_rope.h"
#include "worker/layers/linear.h"

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

// Every axis of a token's position turns its own part of a head: [L, axes] -> [L, head_dim / 2, 2].
// In float64 until the end, as angles grow with the position.
Tensor Rope(const Tensor& ids, const FluxParams& p) {
  std::vector<Tensor> axes;
  for (size_t i = 0; i < p.rope_axes.size(); ++i) {
    const auto dim = p.rope_axes[i];
    const auto exponents = at::arange(0, dim, 2, ids.options().dtype(at::kDouble)) / dim;
    const auto angles =
        ids.select(-1, i).unsqueeze(-1) * at::pow(p.rope_theta, exponents).reciprocal();
    axes.push_back(at::stack({angles.cos(), angles.sin()}, -1));
  }
  return at::cat(axes, -2).to(at::kFloat);
}

struct QkNorm {
  QkNorm(const Scope& w, const FluxParams& p) {
    w.Declare("query_norm.scale", {p.hidden / p.heads}, &query);
    w.Declare("key_norm.scale", {p.hidden / p.heads}, &key);
  }
  QkNorm(const QkNorm&) = delete;

  Tensor query, key;
};

struct SelfAttention : FluxLayer {
  using FluxLayer::FluxLayer;
  Linear qkv{w / "qkv", p.hidden, 3 * p.hidden};
  QkNorm norm{w / "norm", p};
  Linear proj{w / "proj", p.hidden, p.hidden};

  kernels::QkNormRows Norms(int64_t rows) const { return {rows, norm.query, norm.key}; }
};

struct Mlp : FluxLayer {
  using FluxLayer::FluxLayer;
  Linear fc1{w / 0, p.hidden, p.mlp_ratio* p.hidden};
  Linear fc2{w / 2, p.mlp_ratio* p.hidden, p.hidden};

  Tensor operator()(const Tensor& x) const { return fc2(fc1(x, Activation::kGeluTanh)); }
};

struct Embedder {
  Embedder(const Scope& w, int64_t in, int64_t hidden)
      : in_layer(w / "in_layer", in, hidden), out_layer(w / "out_layer", hidden, hidden) {}
  Linear in_layer, out_layer;

  Tensor operator()(const Tensor& x) const { return out_layer(at::silu(in_layer(x))); }
};

// adaLN-Zero: shift, scale and gate of one or two sub-layers, predicted from the conditioning.
struct Modulation {
  struct Out {
    Tensor shift, scale, gate;  // [B, 1, hidden]

    Tensor Modulate(const Tensor& x) const { return kernels::LayerNormModulate(x, shift, scale); }
    Tensor Add(const Tensor& x, const Tensor& y) const {
      return kernels::GatedResidual(x, gate, y);
    }
    // Adds, then modulates the sum for the next sub-layer.
    kernels::ResidualAndNormalized AddThen(const Out& next, const Tensor& x,
                                           const Tensor& y) const {
      return kernels::GatedResidualModulate(x, gate, y, next.shift, next.scale);
    }
  };
  Modulation(const Scope& w, int64_t hidden, int64_t sublayers)
      : sublayers(sublayers), lin(w / "lin", hidden, 3 * sublayers * hidden) {}
  int64_t sublayers;
  Linear lin;

  std::vector<Out> operator()(const Tensor& vec) const {
    const auto c = lin(at::silu(vec)).unsqueeze(1).chunk(3 * sublayers, -1);
    std::vector<Out> out;
    for (size_t i = 0; i < c.size(); i += 3) out.push_back({c[i], c[i + 1], c[i + 2]});
    return out;
  }
};

// Projects the inputs to the hidden size; makes the conditioning vector and the rotary table.
struct Prelude : FluxLayer {
  Prelude(const Scope& w, const FluxParams& p) : FluxLayer(w, p) {
    if (p.guidance) guidance_in.emplace(w / "guidance_in", kTimeDim, p.hidden);
  }
  Linear img_in{w / "img_in", p.in_channels, p.hidden};
  Linear txt_in{w / "txt_in", p.text_dim, p.hidden};
  Embedder time_in{w / "time_in", kTimeDim, p.hidden};
  Embedder vector_in{w / "vector_in", p.pooled_dim, p.hidden};
  std::optional<Embedder> guidance_in;

  void operator()(FluxState& s) const {
    s.vec = time_in(TimestepEmbedding(s.timestep, s.img));
    if (guidance_in) s.vec = s.vec + (*guidance_in)(TimestepEmbedding(s.guidance, s.img));
    s.vec = s.vec + vector_in(s.pooled);
    s.img = img_in(s.img);
    s.txt = txt_in(s.txt);
    if (!s.rope.defined()) s.rope = Rope(at::cat({s.txt_ids, s.img_ids}), p);
    s.txt_ids = s.timestep = s.guidance = s.pooled = Tensor();
  }
};

// Text and image keep their own weights and meet in one attention (MM-DiT, arXiv:2403.03206).
struct DoubleBlock : FluxLayer {
  using FluxLayer::FluxLayer;
  Modulation img_mod{w / "img_mod", p.hidden, 2}, txt_mod{w / "txt_mod", p.hidden, 2};
  SelfAttention img_attn{w / "img_attn", p}, txt_attn{w / "txt_attn", p};
  Mlp img_mlp{w / "img_mlp", p}, txt_mlp{w / "txt_mlp", p};

  void operator()(FluxState& s) const {
    const auto img_m = img_mod(s.vec), txt_m = txt_mod(s.vec);
    const int64_t txt_rows = s.txt.size(1), img_rows = s.img.size(1);
    const auto qkv = at::empty({s.img.size(0), txt_rows + img_rows, 3 * p.hidden}, s.img.options());
    txt_attn.qkv.Into(qkv.narrow(1, 0, txt_rows), txt_m[0].Modulate(s.txt));
    img_attn.qkv.Into(qkv.narrow(1, txt_rows, img_rows), img_m[0].Modulate(s.img));
    const auto h = kernels::QkNormRope(qkv, {txt_attn.Norms(txt_rows), img_attn.Norms(img_rows)},
                                       s.rope, p.heads);
    const auto attn = kernels::Attention(h.q, h.k, h.v).split_with_sizes({txt_rows, img_rows}, 1);

    const auto txt = txt_m[0].AddThen(txt_m[1], s.txt, txt_attn.proj(attn[0]));
    const auto img = img_m[0].AddThen(img_m[1], s.img, img_attn.proj(attn[1]));
    s.txt = txt_m[1].Add(txt.residual, txt_mlp(txt.normalized));
    s.img = img_m[1].Add(img.residual, img_mlp(img.normalized));
  }
};

// The streams become one sequence, text first.
struct Join {
  explicit Join(const Scope&) {}
  void operator()(FluxState& s) const {
    s.img = at::cat({s.txt, s.img}, 1);
    s.txt = Tensor();
  }
};

// Attention and MLP run side by side on the joint sequence (arXiv:2302.05442).
struct SingleBlock : FluxLayer {
  using FluxLayer::FluxLayer;
  Modulation modulation{w / "modulation", p.hidden, 1};
  Linear linear1{w / "linear1", p.hidden, (3 + p.mlp_ratio) * p.hidden};
  Linear linear2{w / "linear2", (1 + p.mlp_ratio) * p.hidden, p.hidden};
  QkNorm norm{w / "norm", p};

  void operator()(FluxState& s) const {
    const auto mod = modulation(s.vec)[0];
    const auto x = mod.Modulate(s.img);
    const auto h = kernels::QkNormRope(linear1.Outputs(0, 3 * p.hidden)(x),
                                       {{x.size(1), norm.query, norm.key}}, s.rope, p.heads);
    const auto both = at::empty({x.size(0), x.size(1), (1 + p.mlp_ratio) * p.hidden}, x.options());
    linear1.Outputs(3 * p.hidden, p.mlp_ratio * p.hidden)
        .Into(both.narrow(-1, p.hidden, p.mlp_ratio * p.hidden), x, Activation::kGeluTanh);
    both.narrow(-1, 0, p.hidden).copy_(kernels::Attention(h.q, h.k, h.v));
    s.img = mod.Add(s.img, linear2(both));
  }
};

struct FinalLayer : FluxLayer {
  using FluxLayer::FluxLayer;
  Linear linear{w / "linear", p.hidden, p.out_channels};
  Linear modulation{w / "adaLN_modulation" / 1, p.hidden, 2 * p.hidden};

  void operator()(FluxState& s) const {
    const auto img =
        s.img.slice(1, s.img.size(1) - s.img_ids.size(0));  // the text has done its part
    const auto c = modulation(at::silu(s.vec)).unsqueeze(1).chunk(2, -1);
    s.img = linear(kernels::LayerNormModulate(img, c[0], c[1]));
  }
};

}  // namespace

BlockList<FluxState> MakeFlux(const FluxParams& p) {
  BlockList<FluxState> blocks;
  blocks.AddRoot<Prelude>("prelude", p);
  for (int64_t i = 0; i < p.double_blocks; ++i)
    blocks.Add<DoubleBlock>("double_blocks." + std::to_string(i), p);
  blocks.Add<Join>("join");
  for (int64_t i = 0; i < p.single_blocks; ++i)
    blocks.Add<SingleBlock>("single_blocks." + std::to_string(i), p);
  blocks.Add<FinalLayer>("final_layer", p);
  return blocks;
}

}  // namespace hanga
