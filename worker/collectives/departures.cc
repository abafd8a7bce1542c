// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/departures.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <exception>
#include <utility>

namespace hanga {

Departures::Departures(int device, std::function<void(const absl::Status&)> on_failed)
    : device_(device), on_failed_(std::move(on_failed)), thread_([this] { Run(); }) {}

Departures::~Departures() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Departures::Post(std::function<absl::Status()> leave) {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device_));
  // One that sleeps: the thread that owns the device's compute needs the processor more.
  auto computed =
      std::make_unique<at::cuda::CUDAEvent>(cudaEventDisableTiming | cudaEventBlockingSync);
  computed->record(c10::cuda::getCurrentCUDAStream());
  const absl::MutexLock lock(&mutex_);
  waiting_.push_back({std::move(computed), std::move(leave)});
}

void Departures::Run() {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device_));
  for (;;) {
    Departure next;
    {
      const absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](Departures* d) ABSL_EXCLUSIVE_LOCKS_REQUIRED(d->mutex_) {
            return d->stopping_ || !d->waiting_.empty();
          },
          this));
      if (stopping_) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    absl::Status left;
    try {
      next.computed->synchronize();
      left = next.leave();
    } catch (const std::exception& error) {
      left = absl::UnavailableError(error.what());
    }
    if (left.ok()) continue;
    on_failed_(left);
    return;
  }
}

}  // namespace hanga
