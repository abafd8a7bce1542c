// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Small networks with the same weights and inputs on both sides.
#pragma once

#include "tests/gpu/gpu_test.h"
#include "tests/worker/models/tiny_models.h"

namespace hanga::gpu {

// Rounds the weights to `type` and keeps them on the CPU in float32: the reference.
template <typename State>
void FillFor(const BlockList<State>& blocks, at::ScalarType type, double scale = 0.2) {
  testing::FillRandomly(blocks.Weights());
  for (BlockWeights* block : blocks.Weights())
    for (const Slot& slot : block->slots)
      *slot.tensor = (*slot.tensor * (scale / 0.2)).to(type).to(at::kFloat);
}

template <typename State>
void MoveToDevice(const BlockList<State>& blocks, at::ScalarType type) {
  for (BlockWeights* block : blocks.Weights())
    for (const Slot& slot : block->slots) {
      *slot.tensor = OnDevice(*slot.tensor, type);
      if (slot.shape.size() == 4)
        *slot.tensor = slot.tensor->contiguous(at::MemoryFormat::ChannelsLast);
    }
}

// Heads of 128, as FLUX.1's are, so that the same attention is taken.
inline FluxParams SmallFlux() {
  FluxParams p = testing::TinyFlux(true);
  p.hidden = 256, p.heads = 2, p.rope_axes = {16, 56, 56};
  return p;
}

inline FluxState SmallFluxInputs(const FluxParams& p, int64_t batch, int64_t rows, int64_t columns,
                                 at::ScalarType type) {
  FluxState s;
  s.img = Random({batch, rows * columns, p.in_channels}, type);
  s.txt = Random({batch, 17, p.text_dim}, type);
  s.img_ids = at::stack(
      {at::zeros({rows * columns}), at::arange(rows, at::kFloat).repeat_interleave(columns),
       at::arange(columns, at::kFloat).repeat({rows})},
      -1);
  s.txt_ids = at::zeros({17, 3});
  s.modulation =
      (at::randn({batch, FluxModulationOffsets(p).Width()}) * 0.5).to(type).to(at::kFloat);
  return s;
}

// Positions stay in float32.
inline FluxState OnDevice(FluxState s, at::ScalarType type) {
  for (at::Tensor* t : {&s.img, &s.txt, &s.modulation}) *t = OnDevice(*t, type);
  for (at::Tensor* t : {&s.img_ids, &s.txt_ids, &s.rope}) *t = OnDevice(*t, at::kFloat);
  return s;
}

}  // namespace hanga::gpu
