// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/component_profile.h"

#include <algorithm>

#include "worker/residency/slab_layout.h"

namespace hanga {

void AppendComponent(const std::vector<BlockWeights*>& blocks, const ComponentWork& work,
                     std::vector<placement::BlockProfile>* profile) {
  for (const BlockWeights* block : blocks) {
    placement::BlockProfile& p = profile->emplace_back();
    p.name = block->name;
    p.component = work.name;
    p.phase = work.phase;
    p.precision =
        work.type == at::kFloat ? placement::Precision::kFp32 : placement::Precision::kFp16;
    p.stored_bytes = LayOut(*block, {work.type, work.fp8}).bytes;
    p.run_bytes = DeviceBytes(p.stored_bytes);
    if (work.fp8 && std::any_of(block->slots.begin(), block->slots.end(),
                                [](const Slot& slot) { return slot.scales != nullptr; })) {
      p.precision = placement::Precision::kFp8;
    }
    for (const Slot& slot : block->slots) {
      if (slot.shape.size() < 2) continue;  // norms and biases
      p.linear_flops += 2 * work.rows(*block, slot) * static_cast<double>(slot.Elements());
    }
    work.finish(*block, &p);
  }
}

}  // namespace hanga
