// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/unet_profile.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/profile/component_profile.h"

namespace hanga {
namespace {

using placement::BlockProfile;
using placement::Phase;

// A block at its place: how many pixels it works on, channels that come in and go out, and the
// values that wait for the way up once it has run.
struct Site {
  double pixels = 0, in = 0, out = 0, depth = 0, skips = 0;
};

// Walks the blocks in the order of MakeUnet.
class Walk {
 public:
  Walk(const UnetParams& p, const UnetWork& w) : p_(p) {
    const auto levels = static_cast<int>(p.channels.size());
    for (int i = 0; i < levels; ++i) {
      pixels_.push_back(std::ceil(w.rows / (1 << i)) * std::ceil(w.columns / (1 << i)));
    }
    At("input", {pixels_[0], double(p.in_channels), Channels(0)});
    Push("input", pixels_[0]);
    for (int i = 0; i < levels; ++i) {
      for (int64_t j = 0; j < p.resnets_per_level; ++j) {
        Push(Stage(absl::StrCat("down_blocks.", i, ".", j), i, dim_, p.depths[i]), pixels_[i]);
      }
      if (i + 1 == levels) break;
      const std::string down = absl::StrCat("down_blocks.", i, ".downsampler");
      At(down, {pixels_[i + 1], dim_, dim_});
      Push(down, pixels_[i + 1]);
    }
    Stage("mid_block.0", levels - 1, dim_, p.mid_depth);
    Stage("mid_block.1", levels - 1, dim_, 0);
    for (int i = levels - 1; i >= 0; --i) {
      const std::string level = absl::StrCat("up_blocks.", levels - 1 - i);
      for (int64_t j = 0; j <= p.resnets_per_level; ++j) {
        const double in = dim_ + stack_.back().first;
        stack_.pop_back();
        Stage(absl::StrCat(level, ".", j), i, in, p.depths[i]);
      }
      if (i > 0) At(level + ".upsampler", {pixels_[i - 1], dim_, dim_});
    }
    At("output", {pixels_[0], dim_, double(p.out_channels)});
  }

  const Site& operator[](const std::string& block) const { return sites_.at(block); }

 private:
  double Channels(int level) const { return static_cast<double>(p_.channels[level]); }
  double Waiting() const {
    double values = 0;
    for (const auto& [channels, pixels] : stack_) values += channels * pixels;
    return values;
  }

  void At(const std::string& block, Site site) {
    site.skips = Waiting();
    sites_[block] = site;
    if (block != "output") dim_ = site.out;
  }
  std::string Stage(const std::string& block, int level, double in, int64_t depth) {
    At(block, {pixels_[level], in, Channels(level), static_cast<double>(depth)});
    return block;
  }
  // The block leaves its result for the way up.
  void Push(const std::string& block, double pixels) {
    stack_.emplace_back(dim_, pixels);
    sites_[block].skips = Waiting();
  }

  const UnetParams& p_;
  std::vector<double> pixels_;  // by level
  double dim_ = 0;
  std::vector<std::pair<double, double>> stack_;  // channels and pixels of skips
  std::map<std::string, Site> sites_;
};

// The channels that a transformer's layer holds at its peak, in widths of its own: the residual,
// and the projection of which one half gates the other, both and their product.
constexpr double kLayerWidths = 1 + 8 + 4 + 1;

}  // namespace

void AppendUnet(const UnetParams& p, const UnetWork& w, std::vector<BlockProfile>* blocks) {
  const Walk walk(p, w);
  const double text = w.text_tokens;
  const double element = static_cast<double>(c10::elementSize(w.type));
  const double beside = text * static_cast<double>(p.text_dim) + static_cast<double>(p.TimeDim());
  const auto rows = [&](const BlockWeights& block, const Slot& slot) {
    const auto in = [&](absl::string_view part) { return absl::StrContains(slot.key, part); };
    if (in("time_emb") || in("add_embedding")) return static_cast<double>(w.batch);
    if (in("attn2.to_k") || in("attn2.to_v")) return w.batch * text;
    return w.batch * walk[block.name].pixels;
  };
  const auto finish = [&](const BlockWeights& block, BlockProfile* b) {
    const Site& site = walk[block.name];
    const double left = site.pixels * site.out + site.skips + beside;
    const double convolved = site.pixels * (2 * site.in + 2 * site.out);
    const double attended = site.depth > 0 ? site.pixels * site.out * kLayerWidths : 0;
    b->attention_flops = 4.0 * w.batch * site.depth * site.pixels * (site.pixels + text) * site.out;
    b->boundary_bytes = static_cast<uint64_t>(w.batch * left * element);
    b->activation_bytes = static_cast<uint64_t>(
        w.batch * (site.skips + beside + std::max(convolved, attended)) * element);
  };
  const auto list = MakeUnet(p);
  AppendComponent(
      list.Weights(),
      {.name = "unet", .phase = Phase::kDenoiser, .type = w.type, .rows = rows, .finish = finish},
      blocks);
}

}  // namespace hanga
