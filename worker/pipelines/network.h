// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A network of a model without its State: what loading, placing and handing over need of it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "worker/handover/row.h"
#include "worker/layers/block_list.h"

namespace hanga {

struct Network {
  std::string name;       // under which it runs: "vae_decoder"
  std::string component;  // of plans: "vae"
  std::string part;       // of the checkpoint: "vae"
  std::vector<BlockWeights*> blocks;
  // Blocks [begin, end) on a State's tensors; `at` tells which one runs. Throws as ATen does.
  std::function<void(size_t begin, size_t end, Row* row, size_t* at)> run;
};

// `list` outlives it.
template <typename State>
Network NetworkOf(std::string name, std::string component, std::string part,
                  const BlockList<State>& list) {
  return {std::move(name), std::move(component), std::move(part), list.Weights(),
          [&list](size_t begin, size_t end, Row* row, size_t* at) {
            RunRange(list, begin, end, row, [&](size_t i, const auto& run) {
              *at = i;
              run();
            });
          }};
}

}  // namespace hanga
