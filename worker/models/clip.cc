// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/clip.h"

#include <optional>
#include <string>

#include "worker/kernels/attention.h"
#include "worker/layers/embedding.h"
#include "worker/layers/linear.h"
#include "worker/layers/norm.h"

namespace hanga {
namespace {

using at::Tensor;
using ClipLayer = Layer<ClipParams>;

// The ids with those of added vectors left out.
Tensor InVocabulary(const ClipState& s, const ClipParams& p) {
  return s.added.defined() ? at::where(s.ids < p.vocabulary, s.ids, 0) : s.ids;
}

struct Embeddings : ClipLayer {
  using ClipLayer::ClipLayer;
  Embedding token_embedding{w / "token_embedding", p.vocabulary, p.hidden};
  Embedding position_embedding{w / "position_embedding", p.positions, p.hidden};

  void operator()(ClipState& s) const {
    TORCH_CHECK(s.ids.size(1) <= p.positions, "a prompt of ", s.ids.size(1), " tokens; limit ",
                p.positions);
    Tensor tokens = token_embedding(InVocabulary(s, p));
    if (s.added.defined()) {
      const auto known = (s.ids < p.vocabulary).unsqueeze(-1);
      const auto rows = (s.ids - p.vocabulary).clamp_min(0);
      tokens = at::where(known, tokens, at::embedding(s.added.to(tokens.scalar_type()), rows));
    }
    s.x = tokens + position_embedding.weight.slice(0, 0, s.ids.size(1));
  }
};

struct CausalSelfAttention : ClipLayer {
  using ClipLayer::ClipLayer;
  Linear k_proj{w / "k_proj", p.hidden, p.hidden};
  Linear v_proj{w / "v_proj", p.hidden, p.hidden};
  Linear q_proj{w / "q_proj", p.hidden, p.hidden};
  Linear out_proj{w / "out_proj", p.hidden, p.hidden};

  Tensor operator()(const Tensor& x) const {
    const auto heads = [&](const Linear& proj) {
      return proj(x).unflatten(-1, {p.heads, -1}).transpose(1, 2);
    };
    return out_proj(
        kernels::Attention(heads(q_proj), heads(k_proj), heads(v_proj), {.causal = true}));
  }
};

struct Mlp : ClipLayer {
  using ClipLayer::ClipLayer;
  Linear fc1{w / "fc1", p.hidden, p.intermediate};
  Linear fc2{w / "fc2", p.intermediate, p.hidden};

  Tensor operator()(const Tensor& x) const {
    const auto h = fc1(x);
    const bool quick = p.activation == ClipParams::Activation::kQuickGelu;
    return fc2(quick ? h * at::sigmoid(1.702 * h) : at::gelu(h));
  }
};

struct EncoderLayer : ClipLayer {
  EncoderLayer(const Scope& w, const ClipParams& p, int64_t index)
      : ClipLayer(w, p), index(index) {}
  const int64_t index;
  LayerNorm layer_norm1{w / "layer_norm1", p.hidden, p.norm_eps};
  CausalSelfAttention self_attn{w / "self_attn", p};
  LayerNorm layer_norm2{w / "layer_norm2", p.hidden, p.norm_eps};
  Mlp mlp{w / "mlp", p};

  void operator()(ClipState& s) const {
    s.x = s.x + self_attn(layer_norm1(s.x));
    s.x = s.x + mlp(layer_norm2(s.x));
    if (s.tap.defined() && s.tap.item<int64_t>() == index + 1) s.tapped = s.x;
  }
};

// Where a prompt ends: [B, L] -> [B]. Configurations from before transformers 4.31 say 2 whatever
// the end's id is; there it is the highest one.
Tensor EndOfText(const Tensor& ids, int64_t eos_token_id) {
  if (eos_token_id == 2) return ids.argmax(-1);
  return (ids == eos_token_id).to(at::kInt).argmax(-1);
}

struct Final : ClipLayer {
  Final(const Scope& w, const ClipParams& p) : ClipLayer(w, p) {
    if (p.projection_dim > 0)
      text_projection.emplace(w / "text_projection", p.hidden, p.projection_dim,
                              /*has_bias=*/false);
  }
  LayerNorm final_layer_norm{w / "text_model" / "final_layer_norm", p.hidden, p.norm_eps};
  std::optional<Linear> text_projection;

  void operator()(ClipState& s) const {
    s.x = final_layer_norm(s.x);
    if (s.tapped.defined()) s.tapped_normed = final_layer_norm(s.tapped);
    const auto rows = at::arange(s.ids.size(0), s.ids.options());
    s.pooled = s.x.index({rows, EndOfText(InVocabulary(s, p), p.eos_token_id)});
    if (text_projection) s.pooled = (*text_projection)(s.pooled);
  }
};

}  // namespace

BlockList<ClipState> MakeClip(const ClipParams& p) {
  BlockList<ClipState> blocks;
  blocks.Add<Embeddings>("text_model.embeddings", p);
  for (int64_t i = 0; i < p.layers; ++i)
    blocks.Add<EncoderLayer>("text_model.encoder.layers." + std::to_string(i), p, i);
  blocks.AddRoot<Final>("final", p);
  return blocks;
}

}  // namespace hanga
