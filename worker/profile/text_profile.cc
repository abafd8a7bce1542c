// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/text_profile.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "worker/profile/component_profile.h"

namespace hanga {
namespace {

using placement::BlockProfile;
using placement::Phase;

bool In(const std::string& text, absl::string_view part) { return absl::StrContains(text, part); }

// Of `count` values for each of `rows` of every prompt.
uint64_t Bytes(const TextWork& work, double rows, double count) {
  return static_cast<uint64_t>(work.batch * rows * count *
                               static_cast<double>(c10::elementSize(work.type)));
}

}  // namespace

void AppendClip(const ClipParams& p, const TextWork& work, std::vector<BlockProfile>* blocks) {
  const double tokens = p.positions;
  const auto list = MakeClip(p);
  AppendComponent(list.Weights(),
                  {.name = work.component,
                   .phase = Phase::kTextEncoder,
                   .type = work.type,
                   .rows = [=](const BlockWeights&,
                               const Slot& slot) { return In(slot.key, "embedding") ? 0 : tokens; },
                   .finish =
                       [&](const BlockWeights& block, BlockProfile* b) {
                         if (In(block.name, "layers"))
                           b->attention_flops = 4 * tokens * tokens * p.hidden;
                         b->boundary_bytes = Bytes(work, tokens, p.hidden);
                         b->activation_bytes =
                             Bytes(work, tokens, 8.0 * p.hidden + 2.0 * p.intermediate);
                       }},
                  blocks);
}

void AppendT5(const T5Params& p, int length, const TextWork& work,
              std::vector<BlockProfile>* blocks) {
  const double tokens = length;
  const double inner = static_cast<double>(p.heads * p.head_dim);
  const double bias = p.heads * tokens;  // of a token
  const auto list = MakeT5Encoder(p);
  AppendComponent(list.Weights(),
                  {.name = work.component,
                   .phase = Phase::kTextEncoder,
                   .type = work.type,
                   .rows =
                       [=](const BlockWeights&, const Slot& slot) {
                         return In(slot.key, "shared") || In(slot.key, "bias") ? 0 : tokens;
                       },
                   .finish =
                       [&](const BlockWeights& block, BlockProfile* b) {
                         if (In(block.name, "block"))
                           b->attention_flops = 4 * tokens * tokens * inner;
                         b->boundary_bytes = Bytes(work, tokens, p.hidden + bias);
                         b->activation_bytes =
                             Bytes(work, tokens,
                                   std::max(3.0 * p.hidden + 4 * inner + 3 * bias,
                                            3.0 * p.hidden + 3.0 * p.intermediate + bias));
                       }},
                  blocks);
}

}  // namespace hanga
