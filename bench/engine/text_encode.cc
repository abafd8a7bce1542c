// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// FLUX.1's two text encoders on one prompt, with random weights.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "bench/engine/commands.h"
#include "bench/engine/device_timer.h"
#include "bench/engine/random_weights.h"
#include "worker/models/clip.h"
#include "worker/models/t5.h"

namespace hanga::bench {

nlohmann::ordered_json TextEncode(const Options& o) {
  const c10::InferenceMode inference;
  const BlockList<T5State> t5 = MakeT5Encoder(T5Params{});
  const BlockList<ClipState> clip = MakeClip(ClipParams{});
  FillRandomly(t5.Weights(), at::kBFloat16, at::kCUDA);
  FillRandomly(clip.Weights(), at::kBFloat16, at::kCUDA);
  const auto ids =
      at::randint(2, 30000, {o.batch, o.text_tokens}, at::device(at::kCUDA).dtype(at::kLong));
  const auto clip_ids = at::randint(2, 49000, {o.batch, 77}, ids.options());
  return {
      {"t5_encode_ms", Median(DeviceMilliseconds(4, o.runs,
                                                 [&] {
                                                   T5State s;
                                                   s.ids = ids;
                                                   t5.Run(s);
                                                 }))},
      {"clip_encode_ms", Median(DeviceMilliseconds(4, o.runs,
                                                   [&] {
                                                     ClipState s;
                                                     s.ids = clip_ids;
                                                     clip.Run(s);
                                                   }))},
  };
}

}  // namespace hanga::bench
