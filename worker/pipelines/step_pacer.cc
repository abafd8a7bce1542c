// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/step_pacer.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>

namespace hanga {

void StepPacer::Queued(at::Device device) {
  if (device.is_cpu()) return;
  std::swap(before_, now_);
  if (!now_) now_.emplace(device.type());
  now_->record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
  if (before_) before_->synchronize();
}

}  // namespace hanga
