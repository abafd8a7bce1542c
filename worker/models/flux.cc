// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/flux.h"

#include <string>
#include <utility>

#include "worker/kernels/attention.h"
#include "worker/kernels/gated_residual.h"
#include "worker/kernels/layer_norm_modulate.h"
#include "worker/kernels/qk_norm_rope.h"
#include "worker/kernels/quantize_rows.h"
#include "worker/layers/linear.h"
#include "worker/models/flux_modulation.h"

namespace hanga {
namespace {

using at::Tensor;
using FluxLayer = Layer<FluxParams>;

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
  QuantizableLinear qkv{w / "qkv", p.hidden, 3 * p.hidden};
  QkNorm norm{w / "norm", p};
  QuantizableLinear proj{w / "proj", p.hidden, p.hidden};

  kernels::QkNormRows Norms(int64_t rows) const { return {rows, norm.query, norm.key}; }
};

struct Mlp : FluxLayer {
  using FluxLayer::FluxLayer;
  QuantizableLinear fc1{w / 0, p.hidden, p.mlp_ratio* p.hidden};
  QuantizableLinear fc2{w / 2, p.mlp_ratio* p.hidden, p.hidden};

  Tensor operator()(const kernels::Rows& x) const { return fc2(fc1(x, Activation::kGeluTanh)); }
};

// adaLN-Zero (arXiv:2212.09748): shift, scale and gate of a sub-layer, each [B, 1, hidden].
struct Modulation {
  Tensor shift, scale, gate;

  kernels::Rows ModulateFor(const Linear& layer, const Tensor& x) const {
    return kernels::LayerNormModulate(x, shift, scale, layer.form());
  }
  // The same where the block before may have made it.
  kernels::Rows ModulateFor(const Linear& layer, const Tensor& x, FluxAhead* ahead) const {
    auto rows = ahead->Take(x, layer.form());
    return rows.values.defined() ? rows : ModulateFor(layer, x);
  }
  Tensor Add(const Tensor& x, const Tensor& y) const { return kernels::GatedResidual(x, gate, y); }
  // Adds, then modulates the sum for the next sub-layer, which begins with `layer`.
  kernels::ResidualAndRows AddThen(const Modulation& next, const Linear& layer, const Tensor& x,
                                   const Tensor& y) const {
    return kernels::GatedResidualModulate(x, gate, y, next.shift, next.scale, layer.form());
  }
  // The same across the end of a block: the sum, and its norm left for the block that follows.
  Tensor AddAhead(const Modulation& next, const Linear& layer, const Tensor& x, const Tensor& y,
                  FluxAhead* ahead) const {
    auto both = AddThen(next, layer, x, y);
    *ahead = {both.residual, std::move(both.normalized)};
    return both.residual;
  }
};

// The sub-layer's part of what the conditioning made; the last layer has no gate.
Modulation ModulationAt(const FluxState& s, int64_t first, int64_t hidden, bool gated = true) {
  const auto part = [&](int64_t i) {
    return s.modulation.narrow(-1, first + i * hidden, hidden).unsqueeze(1);
  };
  return {part(0), part(1), gated ? part(2) : Tensor()};
}

// Projects the inputs to the hidden size; makes the rotary table.
struct Prelude : FluxLayer {
  using FluxLayer::FluxLayer;
  Linear img_in{w / "img_in", p.in_channels, p.hidden};
  Linear txt_in{w / "txt_in", p.text_dim, p.hidden};

  void operator()(FluxState& s) const {
    s.img = img_in(s.img);
    s.txt = txt_in(s.txt);
    if (!s.rope.defined()) s.rope = Rope(at::cat({s.txt_ids, s.img_ids}), p);
    s.txt_ids = Tensor();
  }
};

// Text and image keep their own weights and meet in one attention (MM-DiT, arXiv:2403.03206).
struct DoubleBlock : FluxLayer {
  DoubleBlock(const Scope& w, const FluxParams& p, int64_t index)
      : FluxLayer(w, p),
        modulation(FluxModulationOffsets(p).DoubleBlock(index)),
        last(index + 1 == p.double_blocks) {}
  const int64_t modulation;
  const bool last;
  SelfAttention img_attn{w / "img_attn", p}, txt_attn{w / "txt_attn", p};
  Mlp img_mlp{w / "img_mlp", p}, txt_mlp{w / "txt_mlp", p};

  void operator()(FluxState& s) const {
    // 0 to 3 are this block's, 4 to 7 the next one's.
    const auto part = [&](int64_t i) {
      return ModulationAt(s, modulation + 3 * i * p.hidden, p.hidden);
    };
    const Modulation img_m[] = {part(0), part(1)}, txt_m[] = {part(2), part(3)};
    const int64_t txt_rows = s.txt.size(1), img_rows = s.img.size(1);
    const auto qkv = at::empty({s.img.size(0), txt_rows + img_rows, 3 * p.hidden}, s.img.options());
    txt_attn.qkv.Into(qkv.narrow(1, 0, txt_rows),
                      txt_m[0].ModulateFor(txt_attn.qkv, s.txt, &s.txt_ahead));
    img_attn.qkv.Into(qkv.narrow(1, txt_rows, img_rows),
                      img_m[0].ModulateFor(img_attn.qkv, s.img, &s.img_ahead));
    const auto h = kernels::QkNormRope(qkv, {txt_attn.Norms(txt_rows), img_attn.Norms(img_rows)},
                                       s.rope, p.heads);
    const auto attn = kernels::Attention(h.q, h.k, h.v).split_with_sizes({txt_rows, img_rows}, 1);

    const auto txt = txt_m[0].AddThen(txt_m[1], txt_mlp.fc1, s.txt, txt_attn.proj(attn[0]));
    const auto img = img_m[0].AddThen(img_m[1], img_mlp.fc1, s.img, img_attn.proj(attn[1]));
    const auto txt_out = txt_mlp(txt.normalized), img_out = img_mlp(img.normalized);
    if (last) {
      s.txt = txt_m[1].Add(txt.residual, txt_out);
      s.img = img_m[1].Add(img.residual, img_out);
    } else {
      s.txt = txt_m[1].AddAhead(part(6), txt_attn.qkv, txt.residual, txt_out, &s.txt_ahead);
      s.img = img_m[1].AddAhead(part(4), img_attn.qkv, img.residual, img_out, &s.img_ahead);
    }
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
  SingleBlock(const Scope& w, const FluxParams& p, int64_t index)
      : FluxLayer(w, p),
        modulation(FluxModulationOffsets(p).SingleBlock(index)),
        last(index + 1 == p.single_blocks) {}
  const int64_t modulation;
  const bool last;
  QuantizableLinear linear1{w / "linear1", p.hidden, (3 + p.mlp_ratio) * p.hidden};
  QuantizableLinear linear2{w / "linear2", (1 + p.mlp_ratio) * p.hidden, p.hidden};
  QkNorm norm{w / "norm", p};

  void operator()(FluxState& s) const {
    const Modulation mod = ModulationAt(s, modulation, p.hidden);
    const auto x = mod.ModulateFor(linear1, s.img, &s.img_ahead);
    const auto h = kernels::QkNormRope(linear1.Outputs(0, 3 * p.hidden)(x),
                                       {{s.img.size(1), norm.query, norm.key}}, s.rope, p.heads);
    const auto out = linear2(BesideMlp(x, h));
    if (last) {
      s.img = mod.Add(s.img, out);
    } else {
      const Modulation next = ModulationAt(s, modulation + 3 * p.hidden, p.hidden);
      s.img = mod.AddAhead(next, linear1, s.img, out, &s.img_ahead);
    }
  }

  // Attention's result and the MLP's inner one, side by side as linear2 takes them.
  kernels::Rows BesideMlp(const kernels::Rows& x, const kernels::Qkv& h) const {
    const int64_t inner = p.mlp_ratio * p.hidden;
    const auto up = linear1.Outputs(3 * p.hidden, inner);
    if (linear2.form() == kernels::RowForm::kFp8) {
      const auto mlp = up(x, Activation::kGeluTanh);
      return kernels::QuantizeBeside(kernels::Attention(h.q, h.k, h.v), mlp);
    }
    const auto both =
        at::empty({x.values.size(0), x.values.size(1), p.hidden + inner}, x.values.options());
    up.Into(both.narrow(-1, p.hidden, inner), x, Activation::kGeluTanh);
    kernels::AttentionInto(h.q, h.k, h.v, both.narrow(-1, 0, p.hidden));
    return both;
  }
};

struct FinalLayer : FluxLayer {
  using FluxLayer::FluxLayer;
  Linear linear{w / "linear", p.hidden, p.out_channels};

  void operator()(FluxState& s) const {
    const auto img =
        s.img.slice(1, s.img.size(1) - s.img_ids.size(0));  // the text has done its part
    const auto mod = ModulationAt(s, FluxModulationOffsets(p).FinalLayer(), p.hidden, false);
    s.img = linear(mod.ModulateFor(linear, img));
  }
};

}  // namespace

kernels::Rows FluxAhead::Take(const at::Tensor& x, kernels::RowForm form) {
  const FluxAhead ahead = std::exchange(*this, {});
  const bool fits = ahead.of.defined() && ahead.of.is_same(x) &&
                    ahead.rows.in_fp8() == (form == kernels::RowForm::kFp8);
  return fits ? ahead.rows : kernels::Rows();
}

BlockList<FluxState> MakeFlux(const FluxParams& p) {
  BlockList<FluxState> blocks;
  blocks.AddRoot<Prelude>("prelude", p);
  for (int64_t i = 0; i < p.double_blocks; ++i)
    blocks.Add<DoubleBlock>("double_blocks." + std::to_string(i), p, i);
  blocks.Add<Join>("join");
  for (int64_t i = 0; i < p.single_blocks; ++i)
    blocks.Add<SingleBlock>("single_blocks." + std::to_string(i), p, i);
  blocks.Add<FinalLayer>("final_layer", p);
  return blocks;
}

}  // namespace hanga
