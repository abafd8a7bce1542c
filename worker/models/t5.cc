// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/t5.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "worker/kernels/attention.h"
#include "worker/layers/embedding.h"
#include "worker/layers/linear.h"
#include "worker/layers/norm.h"

namespace hanga {
namespace {

using at::Tensor;
using T5Layer = Layer<T5Params>;

// The bucket of every key's distance to every query: [L, L] int64. Half of the buckets are for keys
// that come later; of each half, half are exact and half grow logarithmically.
Tensor Buckets(int64_t length, const T5Params& p, at::Device device) {
  const int64_t half = p.buckets / 2, exact = half / 2;
  const auto positions = at::arange(length, at::TensorOptions(at::kLong).device(device));
  const auto offset = positions.unsqueeze(0) - positions.unsqueeze(1);
  const auto distance = offset.abs();
  const auto octaves = at::log(distance.to(at::kFloat) / exact) /
                       std::log(static_cast<double>(p.max_distance) / exact);
  const auto far = at::clamp_max(exact + (octaves * (half - exact)).to(at::kLong), half - 1);
  return (offset > 0).to(at::kLong) * half + at::where(distance < exact, distance, far);
}

struct SelfAttention : T5Layer {
  using T5Layer::T5Layer;
  Linear q{w / "q", p.hidden, p.heads* p.head_dim, false};
  Linear k{w / "k", p.hidden, p.heads* p.head_dim, false};
  Linear v{w / "v", p.hidden, p.heads* p.head_dim, false};
  Linear o{w / "o", p.heads* p.head_dim, p.hidden, false};

  // T5 folds the scale of the scores into its weights.
  Tensor operator()(const Tensor& x, const Tensor& bias) const {
    const auto heads = [&](const Linear& proj) {
      return proj(x).unflatten(-1, {p.heads, -1}).transpose(1, 2);
    };
    return o(kernels::Attention(heads(q), heads(k), heads(v), {.bias = bias, .scale = 1.0}));
  }
};

struct GatedMlp : T5Layer {
  using T5Layer::T5Layer;
  Linear wi_0{w / "wi_0", p.hidden, p.intermediate, false};
  Linear wi_1{w / "wi_1", p.hidden, p.intermediate, false};
  Linear wo{w / "wo", p.intermediate, p.hidden, false};

  Tensor operator()(const Tensor& x) const {
    auto gate = wi_0(x);
    return wo(at::gelu_(gate, "tanh").mul_(wi_1(x)));
  }
};

struct Shared : T5Layer {
  using T5Layer::T5Layer;
  Embedding embedding{w, p.vocabulary, p.hidden};

  void operator()(T5State& s) const { s.x = embedding(s.ids); }
};

struct EncoderBlock : T5Layer {
  EncoderBlock(const Scope& w, const T5Params& p, bool first) : T5Layer(w, p) {
    if (first)
      relative_attention_bias.emplace(w / "layer.0.SelfAttention.relative_attention_bias",
                                      p.buckets, p.heads);
  }
  SelfAttention attention{w / "layer.0.SelfAttention", p};
  RmsNorm attention_norm{w / "layer.0.layer_norm", p.hidden, p.norm_eps};
  GatedMlp mlp{w / "layer.1.DenseReluDense", p};
  RmsNorm mlp_norm{w / "layer.1.layer_norm", p.hidden, p.norm_eps};
  std::optional<Embedding> relative_attention_bias;  // in the first block, which shares it

  void operator()(T5State& s) const {
    if (relative_attention_bias) s.bias = Bias(s);
    s.x = s.x + attention(attention_norm(s.x), s.bias);
    s.x = s.x + mlp(mlp_norm(s.x));
  }

  Tensor Bias(const T5State& s) const {
    const auto buckets = Buckets(s.ids.size(1), p, s.ids.device());
    auto bias = (*relative_attention_bias)(buckets).permute({2, 0, 1}).unsqueeze(0).contiguous();
    if (!s.mask.defined()) return bias;
    const auto ignored = s.mask.eq(0).unsqueeze(1).unsqueeze(1);  // [B, 1, 1, L]
    return bias.to(s.x.scalar_type()).masked_fill(ignored, Lowest(s.x.scalar_type()));
  }

  // Large and finite: a row whose keys are all ignored still has a softmax.
  static double Lowest(at::ScalarType type) {
    return type == at::kHalf ? -65504.0 : std::numeric_limits<float>::lowest() / 2;
  }
};

struct FinalNorm : T5Layer {
  using T5Layer::T5Layer;
  RmsNorm norm{w, p.hidden, p.norm_eps};

  void operator()(T5State& s) const { s.x = norm(s.x); }
};

}  // namespace

BlockList<T5State> MakeT5Encoder(const T5Params& p) {
  BlockList<T5State> blocks;
  blocks.Add<Shared>("shared", p);
  for (int64_t i = 0; i < p.layers; ++i)
    blocks.Add<EncoderBlock>("encoder.block." + std::to_string(i), p, i == 0);
  blocks.Add<FinalNorm>("encoder.final_layer_norm", p);
  return blocks;
}

}  // namespace hanga
