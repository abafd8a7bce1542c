// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/sd3.h"

#include <optional>
#include <string>
#include <vector>

#include "worker/kernels/attention.h"
#include "worker/kernels/gated_residual.h"
#include "worker/kernels/layer_norm_modulate.h"
#include "worker/layers/linear.h"
#include "worker/layers/norm.h"
#include "worker/models/timestep_embedding.h"

namespace hanga {
namespace {

using at::Tensor;
using Sd3Layer = Layer<Sd3Params>;

constexpr int64_t kTimeWaves = 256;

struct Embedder {
  Embedder(const Scope& w, int64_t in, int64_t hidden)
      : first(w / "mlp" / 0, in, hidden), second(w / "mlp" / 2, hidden, hidden) {}
  Linear first, second;

  Tensor operator()(const Tensor& x) const { return second(at::silu(first(x))); }
};

// Patches to tokens, a learned-once table of positions cut to the picture around its middle.
struct Prelude : Sd3Layer {
  Prelude(const Scope& w, const Sd3Params& p) : Sd3Layer(w, p) {
    w.Declare("x_embedder.proj.weight", {p.hidden(), p.in_channels, p.patch, p.patch}, &weight);
    w.Declare("x_embedder.proj.bias", {p.hidden()}, &bias);
    w.Declare("pos_embed", {1, p.position_side * p.position_side, p.hidden()}, &pos_embed);
  }
  Tensor weight, bias, pos_embed;
  Embedder t_embedder{w / "t_embedder", kTimeWaves, p.hidden()};
  Embedder y_embedder{w / "y_embedder", p.pooled_dim, p.hidden()};
  Linear context_embedder{w / "context_embedder", p.text_dim, p.hidden()};

  void operator()(Sd3State& s) const {
    const int64_t rows = s.x.size(2) / p.patch, columns = s.x.size(3) / p.patch;
    TORCH_CHECK(rows <= p.position_side && columns <= p.position_side, "a picture of ", rows, " x ",
                columns, " patches; limit ", p.position_side);
    const auto positions = pos_embed.view({p.position_side, p.position_side, p.hidden()})
                               .narrow(0, (p.position_side - rows) / 2, rows)
                               .narrow(1, (p.position_side - columns) / 2, columns)
                               .reshape({1, rows * columns, p.hidden()});
    const auto waves = WaveEmbedding(s.timestep, kTimeWaves).to(s.x.scalar_type());
    s.vec = at::silu(t_embedder(waves) + y_embedder(s.pooled));
    s.x = at::conv2d(s.x, weight, bias, p.patch).flatten(2).transpose(1, 2) + positions;
    s.text = context_embedder(s.text);
    s.timestep = s.pooled = Tensor();
  }
};

struct Heads {
  Tensor q, k, v;  // [B, heads, L, head_dim]
};

struct SelfAttention : Sd3Layer {
  SelfAttention(const Scope& w, const Sd3Params& p, bool has_output = true) : Sd3Layer(w, p) {
    if (p.qk_norm) {
      ln_q.emplace(w / "ln_q", p.head_dim);
      ln_k.emplace(w / "ln_k", p.head_dim);
    }
    if (has_output) proj.emplace(w / "proj", p.hidden(), p.hidden());
  }
  Linear qkv{w / "qkv", p.hidden(), 3 * p.hidden()};
  std::optional<RmsNorm> ln_q, ln_k;
  std::optional<Linear> proj;

  Heads Split(const kernels::Rows& x) const {
    const auto parts = qkv(x).unflatten(-1, {3, p.heads, p.head_dim}).unbind(2);
    const auto head = [&](const Tensor& t, const std::optional<RmsNorm>& norm) {
      return (norm ? (*norm)(t) : t).transpose(1, 2);
    };
    return {head(parts[0], ln_q), head(parts[1], ln_k), head(parts[2], std::nullopt)};
  }
  Tensor operator()(const Tensor& x) const {
    const Heads h = Split(x);
    return (*proj)(kernels::Attention(h.q, h.k, h.v));
  }
};

struct Mlp : Sd3Layer {
  using Sd3Layer::Sd3Layer;
  Linear fc1{w / "fc1", p.hidden(), 4 * p.hidden()};
  Linear fc2{w / "fc2", 4 * p.hidden(), p.hidden()};

  Tensor operator()(const Tensor& x) const { return fc2(fc1(x, Activation::kGeluTanh)); }
};

// One stream's half of a layer. `vectors`: 6, 9 with a second attention, 2 where the stream ends.
struct StreamBlock : Sd3Layer {
  StreamBlock(const Scope& w, const Sd3Params& p, int64_t vectors)
      : Sd3Layer(w, p),
        vectors(vectors),
        modulation(w / "adaLN_modulation" / 1, p.hidden(), vectors * p.hidden()),
        attn(w / "attn", p, vectors > 2) {
    if (vectors == 9) attn2.emplace(w / "attn2", p);
    if (vectors > 2) mlp.emplace(w / "mlp", p);
  }
  const int64_t vectors;
  Linear modulation;
  SelfAttention attn;
  std::optional<SelfAttention> attn2;
  std::optional<Mlp> mlp;

  // Shift, scale, gate of attention, of the MLP, of the second attention, [B, 1, hidden] each.
  std::vector<Tensor> Vectors(const Tensor& vec) const {
    return modulation(vec).unsqueeze(1).chunk(vectors, -1);
  }
  // The stream after its attention's result.
  Tensor Finish(Tensor x, const std::vector<Tensor>& m, const Tensor& attended) const {
    Tensor own;
    if (attn2) own = (*attn2)(kernels::LayerNormModulate(x, m[6], m[7]));
    x = kernels::GatedResidual(x, m[2], (*attn.proj)(attended));
    if (attn2) x = kernels::GatedResidual(x, m[8], own);
    return kernels::GatedResidual(x, m[5], (*mlp)(kernels::LayerNormModulate(x, m[3], m[4])));
  }
};

// Both streams attend to both; each has weights of its own.
struct JointBlock : Sd3Layer {
  JointBlock(const Scope& w, const Sd3Params& p, bool dual, bool last)
      : Sd3Layer(w, p),
        context_block(w / "context_block", p, last ? 2 : 6),
        x_block(w / "x_block", p, dual ? 9 : 6) {}
  StreamBlock context_block, x_block;

  void operator()(Sd3State& s) const {
    const auto c = context_block.Vectors(s.vec), m = x_block.Vectors(s.vec);
    const Heads text = context_block.attn.Split(kernels::LayerNormModulate(s.text, c[0], c[1]));
    const Heads image = x_block.attn.Split(kernels::LayerNormModulate(s.x, m[0], m[1]));
    const auto joint =
        kernels::Attention(at::cat({text.q, image.q}, 2), at::cat({text.k, image.k}, 2),
                           at::cat({text.v, image.v}, 2));
    const int64_t words = s.text.size(1);
    s.x = x_block.Finish(s.x, m, joint.slice(1, words));
    s.text =
        context_block.mlp ? context_block.Finish(s.text, c, joint.slice(1, 0, words)) : Tensor();
  }
};

struct FinalLayer : Sd3Layer {
  using Sd3Layer::Sd3Layer;
  Linear modulation{w / "adaLN_modulation" / 1, p.hidden(), 2 * p.hidden()};
  Linear linear{w / "linear", p.hidden(), p.patch* p.patch* p.out_channels};

  void operator()(Sd3State& s) const {
    const auto m = modulation(s.vec).unsqueeze(1).chunk(2, -1);
    s.x = linear(kernels::LayerNormModulate(s.x, m[0], m[1]));
    s.vec = Tensor();
  }
};

}  // namespace

BlockList<Sd3State> MakeSd3(const Sd3Params& p) {
  BlockList<Sd3State> blocks;
  blocks.AddRoot<Prelude>("prelude", p);
  for (int64_t i = 0; i < p.layers; ++i)
    blocks.Add<JointBlock>("joint_blocks." + std::to_string(i), p, i < p.dual_layers,
                           i + 1 == p.layers);
  blocks.Add<FinalLayer>("final_layer", p);
  return blocks;
}

Tensor UnpatchSd3(const Tensor& tokens, int64_t rows, int64_t columns, int64_t patch) {
  const int64_t batch = tokens.size(0), channels = tokens.size(2) / (patch * patch);
  return tokens.view({batch, rows, columns, patch, patch, channels})
      .permute({0, 5, 1, 3, 2, 4})
      .reshape({batch, channels, rows * patch, columns * patch});
}

}  // namespace hanga
