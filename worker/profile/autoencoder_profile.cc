// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/autoencoder_profile.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "worker/profile/component_profile.h"

namespace hanga {
namespace {

using placement::BlockProfile;
using placement::Phase;

constexpr absl::string_view kUpBlocks = "decoder.up_blocks.";

// How often the latent's sides have doubled where a decoder's block begins.
int DoublingsAt(const std::string& block, int levels) {
  if (block == "decoder.out") return levels - 1;
  int index = 0;
  if (!absl::StartsWith(block, kUpBlocks)) return 0;
  return absl::SimpleAtoi(block.substr(kUpBlocks.size()), &index) ? index : 0;
}

struct Decoder {
  const AutoencoderParams& params;
  double latent_pixels, element;

  int levels() const { return static_cast<int>(params.channels.size()); }
  double Pixels(const std::string& block) const {
    const double side = static_cast<double>(int64_t{1} << DoublingsAt(block, levels()));
    return latent_pixels * side * side;
  }
  double Channels(int level) const {  // counted from the latent
    return static_cast<double>(params.channels[std::max(0, levels() - 1 - level)]);
  }

  double Rows(const BlockWeights& block, const Slot& slot) const {
    const double pixels = Pixels(block.name);
    return absl::StrContains(slot.key, "upsamplers") ? 4 * pixels : pixels;
  }

  void Finish(const BlockWeights& block, BlockProfile* b) const {
    const double pixels = Pixels(block.name);
    const int level = DoublingsAt(block.name, levels());
    const double in = level == 0 ? Channels(0) : Channels(level - 1);
    const double out = Channels(level);
    double held = 0, left = 0;  // values at the peak, and of the result
    if (block.name == "decoder.out") {
      held = pixels * (2 * out + params.out_channels);
      left = pixels * params.out_channels;
    } else if (absl::StartsWith(block.name, kUpBlocks)) {
      const bool doubles = level + 1 < levels();
      left = (doubles ? 4 : 1) * pixels * out;
      // The first resnet holds its input, its norm and the product; the upsampler both sides.
      held = std::max(pixels * (2 * in + 2 * out), doubles ? left * 2 + pixels * out : 0.0);
    } else {
      left = pixels * out;
      held = 6 * left;
      if (absl::StrContains(block.name, "mid")) b->attention_flops = 4 * pixels * pixels * out;
    }
    b->activation_bytes = static_cast<uint64_t>(held * element);
    b->boundary_bytes = static_cast<uint64_t>(left * element);
  }
};

}  // namespace

void AppendAutoencoder(const AutoencoderParams& params, const DecodeWork& work,
                       std::vector<BlockProfile>* blocks) {
  const double factor = static_cast<double>(params.factor());
  const Decoder decoder = {params, work.width / factor * (work.height / factor),
                           static_cast<double>(c10::elementSize(work.type))};
  const auto encoder_list = MakeEncoder(params);
  AppendComponent(encoder_list.Weights(),
                  {.name = "vae",
                   .phase = Phase::kVae,
                   .type = work.type,
                   .rows = [](const BlockWeights&, const Slot&) { return 0.0; },
                   .finish = [](const BlockWeights&, BlockProfile*) {}},
                  blocks);
  const auto decoder_list = MakeDecoder(params);
  AppendComponent(decoder_list.Weights(),
                  {.name = "vae",
                   .phase = Phase::kVae,
                   .type = work.type,
                   .rows = [&](const BlockWeights& block,
                               const Slot& slot) { return decoder.Rows(block, slot); },
                   .finish = [&](const BlockWeights& block,
                                 BlockProfile* profile) { decoder.Finish(block, profile); }},
                  blocks);
}

}  // namespace hanga
