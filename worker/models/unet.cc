// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/unet.h"

#include <memory>
#include <optional>
#include <string>

#include "worker/kernels/attention.h"
#include "worker/kernels/copy_rows.h"
#include "worker/kernels/geglu.h"
#include "worker/layers/convolution.h"
#include "worker/layers/linear.h"
#include "worker/layers/norm.h"
#include "worker/models/timestep_embedding.h"

namespace hanga {
namespace {

using at::Tensor;

struct Resnet {
  Resnet(const Scope& w, int64_t in, int64_t out, const UnetParams& p)
      : norm1(w / "norm1", in, p.norm_groups, p.norm_eps),
        conv1(w / "conv1", in, out, 3),
        time_emb_proj(w / "time_emb_proj", p.TimeDim(), out),
        norm2(w / "norm2", out, p.norm_groups, p.norm_eps),
        conv2(w / "conv2", out, out, 3) {
    if (in != out) conv_shortcut.emplace(w / "conv_shortcut", in, out, 1);
  }
  GroupNorm norm1;
  Conv2d conv1;
  Linear time_emb_proj;
  GroupNorm norm2;
  Conv2d conv2;
  std::optional<Conv2d> conv_shortcut;

  Tensor operator()(const Tensor& x, const Tensor& time) const {
    // Bias and time are added by the norm that reads them.
    const auto h = conv1.WithoutBias(norm1.ThenSilu(x));
    const auto shift = time_emb_proj(time);  // [B, out]
    const auto y =
        conv2.WithoutBias(norm2.ThenSilu(h.x, h.bias.defined() ? shift + h.bias : shift));
    return conv_shortcut ? conv_shortcut->AddedTo(y, x) : Conv2d::Finish(y, x);
  }
};

struct Attention {
  Attention(const Scope& w, int64_t dim, int64_t context_dim, int64_t heads)
      : heads(heads),
        to_q(w / "to_q", dim, dim, /*has_bias=*/false),
        to_k(w / "to_k", context_dim, dim, /*has_bias=*/false),
        to_v(w / "to_v", context_dim, dim, /*has_bias=*/false),
        to_out(w / "to_out" / 0, dim, dim) {}
  const int64_t heads;
  Linear to_q, to_k, to_v, to_out;

  // residual + the attention of x to itself
  Tensor ToItself(const Tensor& x, const Tensor& residual) const {
    const auto weight = SideBySide({&to_q, &to_k, &to_v});
    if (!weight.defined()) return Attend(to_q(x), to_k(x), to_v(x), residual);
    const auto qkv = kernels::Linear(x, weight, {}).chunk(3, -1);
    return Attend(qkv[0], qkv[1], qkv[2], residual);
  }
  // residual + the attention of x to the text
  Tensor ToText(const Tensor& x, const Tensor& text, const Tensor& residual) const {
    const auto weight = SideBySide({&to_k, &to_v});
    if (!weight.defined()) return Attend(to_q(x), to_k(text), to_v(text), residual);
    const auto kv = kernels::Linear(text, weight, {}).chunk(2, -1);
    return Attend(to_q(x), kv[0], kv[1], residual);
  }

 private:
  Tensor Attend(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& residual) const {
    const auto split = [&](const Tensor& t) {
      return t.unflatten(-1, {heads, -1}).transpose(1, 2);
    };
    return to_out.Plus(residual, kernels::Attention(split(q), split(k), split(v)));
  }
};

// Half of the projection gates the other (GEGLU, arXiv:2002.05202).
struct FeedForward {
  FeedForward(const Scope& w, int64_t dim)
      : proj(w / "net" / 0 / "proj", dim, 8 * dim), out(w / "net" / 2, 4 * dim, dim) {}
  Linear proj, out;

  Tensor operator()(const Tensor& x, const Tensor& residual) const {
    return out.Plus(residual, kernels::Geglu(proj(x)));
  }
};

struct TransformerLayer {
  TransformerLayer(const Scope& w, int64_t dim, int64_t heads, const UnetParams& p)
      : norm1(w / "norm1", dim, 1e-5),
        attn1(w / "attn1", dim, dim, heads),
        norm2(w / "norm2", dim, 1e-5),
        attn2(w / "attn2", dim, p.text_dim, heads),
        norm3(w / "norm3", dim, 1e-5),
        ff(w / "ff", dim) {}
  LayerNorm norm1;
  Attention attn1;
  LayerNorm norm2;
  Attention attn2;
  LayerNorm norm3;
  FeedForward ff;

  Tensor operator()(Tensor x, const Tensor& text) const {
    x = attn1.ToItself(norm1(x), x);
    x = attn2.ToText(norm2(x), text, x);
    return ff(norm3(x), x);
  }
};

// A product over channels whose weight may be stored as a 1x1 convolution.
struct Projection {
  Projection(const Scope& w, int64_t dim, bool linear) {
    w.DeclareProduct(linear ? std::vector<int64_t>{dim, dim} : std::vector<int64_t>{dim, dim, 1, 1},
                     &weight, &side);
    w.Declare("bias", {dim}, &bias);
  }
  Projection(const Projection&) = delete;
  Tensor weight, bias;
  const SideProduct* side = nullptr;

  Tensor operator()(const Tensor& x) const {
    return LinearPart{weight.flatten(1), {}, bias, side}(x);
  }
  Tensor Plus(const Tensor& residual, const Tensor& x) const {
    return LinearPart{weight.flatten(1), {}, bias, side}.Plus(residual, x);
  }
};

// Self-attention over the pixels of a level, cross-attention to the text.
struct SpatialTransformer {
  SpatialTransformer(const Scope& w, int64_t dim, int64_t heads, int64_t depth, const UnetParams& p)
      : norm(w / "norm", dim, p.norm_groups, 1e-6),
        proj_in(w / "proj_in", dim, p.linear_projections) {
    for (int64_t i = 0; i < depth; ++i)
      layers.push_back(
          std::make_unique<TransformerLayer>(w / "transformer_blocks" / i, dim, heads, p));
    proj_out = std::make_unique<Projection>(w / "proj_out", dim, p.linear_projections);
  }
  GroupNorm norm;
  Projection proj_in;
  std::vector<std::unique_ptr<TransformerLayer>> layers;
  std::unique_ptr<Projection> proj_out;

  Tensor operator()(const Tensor& x, const Tensor& text) const {
    auto h = proj_in(PixelRows(norm(x)));
    for (const auto& layer : layers) h = (*layer)(h, text);
    return PictureOf(proj_out->Plus(PixelRows(x), h), x.size(2), x.size(3));
  }
};

size_t Count(const UnetState& s) {
  size_t count = 0;
  while (count < s.skips.size() && s.skips[count].defined()) ++count;
  return count;
}

void Push(UnetState& s) { s.skips.at(Count(s)) = s.x; }

struct Input {
  Input(const Scope& w, const UnetParams& p)
      : p(p),
        linear_1(w / "time_embedding" / "linear_1", p.channels[0], p.TimeDim()),
        linear_2(w / "time_embedding" / "linear_2", p.TimeDim(), p.TimeDim()),
        conv_in(w / "conv_in", p.in_channels, p.channels[0], 3) {
    if (p.added_dim == 0) return;
    added_1.emplace(w / "add_embedding" / "linear_1", p.added_dim, p.TimeDim());
    added_2.emplace(w / "add_embedding" / "linear_2", p.TimeDim(), p.TimeDim());
  }
  const UnetParams p;
  Linear linear_1, linear_2;
  std::optional<Linear> added_1, added_2;
  Conv2d conv_in;

  void operator()(UnetState& s) const {
    const auto waves = WaveEmbedding(s.timestep, p.channels[0]).to(s.x.scalar_type());
    auto time = linear_2(at::silu(linear_1(waves)));
    if (added_1) {
      const auto sizes = WaveEmbedding(s.sizes, p.size_embed_dim).flatten(1).to(s.x.scalar_type());
      time = time + (*added_2)(at::silu((*added_1)(at::cat({s.pooled, sizes}, -1))));
    }
    s.time = at::silu(time);
    s.timestep = s.pooled = s.sizes = Tensor();
    s.x = conv_in(s.x);
    Push(s);
  }
};

// One resnet and, where the level sees the text, the transformer after it.
struct Stage {
  enum class Skip { kNone, kPush, kPop };
  struct Shape {
    int64_t in, out, heads, depth;
  };
  Stage(const Scope& resnet_w, const Scope& attention_w, const Shape& shape, Skip skip,
        const UnetParams& p)
      : skip(skip), resnet(resnet_w, shape.in, shape.out, p) {
    if (shape.depth > 0) attention.emplace(attention_w, shape.out, shape.heads, shape.depth, p);
  }
  const Skip skip;
  Resnet resnet;
  std::optional<SpatialTransformer> attention;

  void operator()(UnetState& s) const {
    if (skip == Skip::kPop) {
      Tensor& top = s.skips.at(Count(s) - 1);
      s.x = kernels::JoinChannels(s.x, top);
      top = Tensor();
    }
    s.x = resnet(s.x, s.time);
    if (attention) s.x = (*attention)(s.x, s.text);
    if (skip == Skip::kPush) Push(s);
  }
};

struct Downsample {
  Downsample(const Scope& w, int64_t dim) : conv(w / "conv", dim, dim, 3, /*stride=*/2) {}
  Conv2d conv;

  void operator()(UnetState& s) const {
    s.x = conv(s.x);
    Push(s);
  }
};

// To the size of the level above, which need not be even.
struct Upsample {
  Upsample(const Scope& w, int64_t dim) : conv(w / "conv", dim, dim, 3) {}
  Conv2d conv;

  void operator()(UnetState& s) const {
    const Tensor& top = s.skips.at(Count(s) - 1);
    s.x = conv(at::upsample_nearest2d(s.x, {top.size(2), top.size(3)}));
  }
};

struct Output {
  Output(const Scope& w, const UnetParams& p)
      : conv_norm_out(w / "conv_norm_out", p.channels[0], p.norm_groups, p.norm_eps),
        conv_out(w / "conv_out", p.channels[0], p.out_channels, 3) {}
  GroupNorm conv_norm_out;
  Conv2d conv_out;

  void operator()(UnetState& s) const {
    s.x = conv_out(conv_norm_out.ThenSilu(s.x));
    s.text = s.time = Tensor();
  }
};

}  // namespace

BlockList<UnetState> MakeUnet(const UnetParams& p) {
  BlockList<UnetState> blocks;
  const auto add_stage = [&](const std::string& level, int64_t j, const Stage::Shape& shape,
                             Stage::Skip skip) {
    blocks.AddAs<Stage>(level + "." + std::to_string(j), [&](const Scope& root) {
      return std::make_shared<Stage>(root / level / "resnets" / j, root / level / "attentions" / j,
                                     shape, skip, p);
    });
  };
  const auto add_resampler = [&]<typename L>(const std::string& level, const char* name,
                                             int64_t dim) {
    const std::string block = level + "." + name;
    blocks.AddAs<L>(block, [&](const Scope& root) {
      return std::make_shared<L>(root / (block + "s") / 0, dim);
    });
  };
  const auto levels = static_cast<int64_t>(p.channels.size());

  blocks.AddRoot<Input>("input", p);
  int64_t dim = p.channels[0];
  std::vector<int64_t> skips = {dim};
  for (int64_t i = 0; i < levels; ++i) {
    const auto level = "down_blocks." + std::to_string(i);
    for (int64_t j = 0; j < p.resnets_per_level; ++j) {
      add_stage(level, j, {dim, p.channels[i], p.heads[i], p.depths[i]}, Stage::Skip::kPush);
      dim = p.channels[i];
      skips.push_back(dim);
    }
    if (i + 1 == levels) break;
    add_resampler.template operator()<Downsample>(level, "downsampler", dim);
    skips.push_back(dim);
  }

  add_stage("mid_block", 0, {dim, dim, p.heads.back(), p.mid_depth}, Stage::Skip::kNone);
  add_stage("mid_block", 1, {dim, dim, p.heads.back(), 0}, Stage::Skip::kNone);

  for (int64_t i = 0; i < levels; ++i) {
    const auto level = "up_blocks." + std::to_string(i);
    const int64_t down = levels - 1 - i;
    for (int64_t j = 0; j <= p.resnets_per_level; ++j) {
      const Stage::Shape shape = {dim + skips.back(), p.channels[down], p.heads[down],
                                  p.depths[down]};
      add_stage(level, j, shape, Stage::Skip::kPop);
      skips.pop_back();
      dim = p.channels[down];
    }
    if (i + 1 < levels) add_resampler.template operator()<Upsample>(level, "upsampler", dim);
  }
  blocks.AddRoot<Output>("output", p);
  return blocks;
}

}  // namespace hanga
