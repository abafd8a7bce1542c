// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/autoencoder.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "worker/kernels/attention.h"
#include "worker/layers/convolution.h"
#include "worker/layers/linear.h"
#include "worker/layers/norm.h"

namespace hanga {
namespace {

using at::Tensor;
using AutoencoderLayer = Layer<AutoencoderParams>;

constexpr double kNormEps = 1e-6;

struct Resnet {
  Resnet(const Scope& w, int64_t in, int64_t out, int64_t groups)
      : norm1(w / "norm1", in, groups, kNormEps),
        conv1(w / "conv1", in, out, 3),
        norm2(w / "norm2", out, groups, kNormEps),
        conv2(w / "conv2", out, out, 3) {
    if (in != out) conv_shortcut.emplace(w / "conv_shortcut", in, out, 1);
  }
  GroupNorm norm1;
  Conv2d conv1;
  GroupNorm norm2;
  Conv2d conv2;
  std::optional<Conv2d> conv_shortcut;

  Tensor operator()(const Tensor& x, const Strips& strips) const {
    if (strips.AreNeededFor(x)) return OfLarge(x, strips.RowsOf(x));
    const auto h = conv1.WithoutBias(norm1.ThenSilu(x));
    return conv2(norm2.ThenSilu(h.x, h.bias), conv_shortcut ? (*conv_shortcut)(x) : x);
  }

 private:
  Tensor OfLarge(const Tensor& x, int64_t rows) const {
    const auto first_norm = NormThenSiluOf(norm1, x, rows);
    const auto h = ByStrips(x.size(2), rows, [&](int64_t first, int64_t count) {
      return ConvolvedRows(x, first, count, 1, first_norm, std::cref(conv1));
    });
    const auto second_norm = NormThenSiluOf(norm2, h, rows);
    return ByStrips(x.size(2), rows, [&](int64_t first, int64_t count) {
      const auto strip = x.narrow(2, first, count).contiguous(at::MemoryFormat::ChannelsLast);
      return ConvolvedRows(h, first, count, 1, second_norm, std::cref(conv2)) +
             (conv_shortcut ? (*conv_shortcut)(strip) : strip);
    });
  }
};

// One head over all positions of the picture.
struct SelfAttention {
  SelfAttention(const Scope& w, int64_t channels, int64_t groups)
      : group_norm(w / "group_norm", channels, groups, kNormEps),
        to_q(w / "to_q", channels, channels),
        to_k(w / "to_k", channels, channels),
        to_v(w / "to_v", channels, channels),
        to_out(w / "to_out" / 0, channels, channels) {}
  GroupNorm group_norm;
  Linear to_q, to_k, to_v, to_out;

  Tensor operator()(const Tensor& x) const {
    const auto tokens = group_norm(x).flatten(2).transpose(1, 2);  // [B, H * W, C]
    const auto attn = kernels::Attention(to_q(tokens).unsqueeze(1), to_k(tokens).unsqueeze(1),
                                         to_v(tokens).unsqueeze(1));
    return x + to_out(attn).transpose(1, 2).view_as(x);
  }
};

// Resnets at one resolution, then half the size (encoder) or twice (decoder).
struct Level {
  Level(const Scope& w, int64_t in, int64_t out, int64_t layers, int64_t groups) {
    for (int64_t i = 0; i < layers; ++i)
      resnets.push_back(
          std::make_unique<Resnet>(w / "resnets" / i, i == 0 ? in : out, out, groups));
  }
  std::vector<std::unique_ptr<Resnet>> resnets;

  Tensor operator()(Tensor x, const Strips& strips) const {
    for (const auto& resnet : resnets) x = (*resnet)(x, strips);
    return x;
  }
};

struct DownBlock {
  DownBlock(const Scope& w, int64_t in, int64_t out, const AutoencoderParams& p, bool last)
      : level(w, in, out, p.layers_per_level, p.norm_groups) {
    if (!last) downsampler.emplace(w / "downsamplers" / 0 / "conv", out, out, 3, /*stride=*/2);
  }
  Level level;
  std::optional<Conv2d> downsampler;

  void operator()(AutoencoderState& s) const {
    s.x = level(std::move(s.x), s.strips);
    if (downsampler) s.x = downsampler->Unpadded(at::constant_pad_nd(s.x, {0, 1, 0, 1}));
  }
};

struct UpBlock {
  UpBlock(const Scope& w, int64_t in, int64_t out, const AutoencoderParams& p, bool last)
      : level(w, in, out, p.layers_per_level + 1, p.norm_groups) {
    if (!last) upsampler.emplace(w / "upsamplers" / 0 / "conv", out, out, 3);
  }
  Level level;
  std::optional<Conv2d> upsampler;

  void operator()(AutoencoderState& s) const {
    s.x = level(std::move(s.x), s.strips);
    if (!upsampler) return;
    if (!s.strips.AreNeededFor(s.x)) {
      s.x = (*upsampler)(Doubled(s.x));
      return;
    }
    s.x = ByStrips(s.x.size(2), s.strips.RowsOf(s.x), [&](int64_t first, int64_t count) {
      return ConvolvedRows(s.x, first, count, 2, Doubled, std::cref(*upsampler));
    });
  }

  static Tensor Doubled(const Tensor& x) {
    return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
  }
};

struct MidBlock : AutoencoderLayer {
  using AutoencoderLayer::AutoencoderLayer;
  Resnet before{w / "resnets" / 0, p.channels.back(), p.channels.back(), p.norm_groups};
  SelfAttention attention{w / "attentions" / 0, p.channels.back(), p.norm_groups};
  Resnet after{w / "resnets" / 1, p.channels.back(), p.channels.back(), p.norm_groups};

  void operator()(AutoencoderState& s) const {
    s.x = after(attention(before(s.x, s.strips)), s.strips);
  }
};

struct EncoderIn : AutoencoderLayer {
  using AutoencoderLayer::AutoencoderLayer;
  Conv2d conv_in{w, p.in_channels, p.channels.front(), 3};

  void operator()(AutoencoderState& s) const { s.x = conv_in(s.x); }
};

struct EncoderOut : AutoencoderLayer {
  EncoderOut(const Scope& w, const AutoencoderParams& p) : AutoencoderLayer(w, p) {
    if (p.quant_conv) quant_conv.emplace(w / "quant_conv", moments, moments, 1);
  }
  int64_t moments = 2 * p.latent_channels;
  GroupNorm conv_norm_out{w / "encoder.conv_norm_out", p.channels.back(), p.norm_groups, kNormEps};
  Conv2d conv_out{w / "encoder.conv_out", p.channels.back(), moments, 3};
  std::optional<Conv2d> quant_conv;

  void operator()(AutoencoderState& s) const {
    s.x = conv_out(conv_norm_out.ThenSilu(s.x));
    if (quant_conv) s.x = (*quant_conv)(s.x);
  }
};

struct DecoderIn : AutoencoderLayer {
  DecoderIn(const Scope& w, const AutoencoderParams& p) : AutoencoderLayer(w, p) {
    if (p.post_quant_conv)
      post_quant_conv.emplace(w / "post_quant_conv", p.latent_channels, p.latent_channels, 1);
  }
  std::optional<Conv2d> post_quant_conv;
  Conv2d conv_in{w / "decoder.conv_in", p.latent_channels, p.channels.back(), 3};

  void operator()(AutoencoderState& s) const {
    if (post_quant_conv) s.x = (*post_quant_conv)(s.x);
    s.x = conv_in(s.x);
  }
};

struct DecoderOut : AutoencoderLayer {
  using AutoencoderLayer::AutoencoderLayer;
  GroupNorm conv_norm_out{w / "decoder.conv_norm_out", p.channels.front(), p.norm_groups, kNormEps};
  Conv2d conv_out{w / "decoder.conv_out", p.channels.front(), p.out_channels, 3};

  void operator()(AutoencoderState& s) const {
    if (!s.strips.AreNeededFor(s.x)) {
      s.x = conv_out(conv_norm_out.ThenSilu(s.x));
      return;
    }
    const int64_t rows = s.strips.RowsOf(s.x);
    const auto norm = NormThenSiluOf(conv_norm_out, s.x, rows);
    s.x = ByStrips(s.x.size(2), rows, [&](int64_t first, int64_t count) {
      return ConvolvedRows(s.x, first, count, 1, norm, std::cref(conv_out));
    });
  }
};

}  // namespace

BlockList<AutoencoderState> MakeEncoder(const AutoencoderParams& p) {
  BlockList<AutoencoderState> blocks;
  blocks.Add<EncoderIn>("encoder.conv_in", p);
  const size_t levels = p.channels.size();
  for (size_t i = 0; i < levels; ++i)
    blocks.Add<DownBlock>("encoder.down_blocks." + std::to_string(i),
                          p.channels[i == 0 ? 0 : i - 1], p.channels[i], p, i + 1 == levels);
  blocks.Add<MidBlock>("encoder.mid_block", p);
  blocks.AddRoot<EncoderOut>("encoder.out", p);
  return blocks;
}

BlockList<AutoencoderState> MakeDecoder(const AutoencoderParams& p) {
  BlockList<AutoencoderState> blocks;
  blocks.AddRoot<DecoderIn>("decoder.conv_in", p);
  blocks.Add<MidBlock>("decoder.mid_block", p);
  const std::vector<int64_t> channels(p.channels.rbegin(), p.channels.rend());
  const size_t levels = channels.size();
  for (size_t i = 0; i < levels; ++i)
    blocks.Add<UpBlock>("decoder.up_blocks." + std::to_string(i), channels[i == 0 ? 0 : i - 1],
                        channels[i], p, i + 1 == levels);
  blocks.AddRoot<DecoderOut>("decoder.out", p);
  return blocks;
}

LatentDistribution::LatentDistribution(const Tensor& moments) {
  const auto parts = moments.chunk(2, 1);
  mean = parts[0];
  std = at::exp(0.5 * parts[1].clamp(-30.0, 20.0));
}

}  // namespace hanga
