// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/block_clock.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>

namespace hanga {

// On a GPU, events of its stream; on a CPU, where blocks are done when they return, its clock.
struct BlockClock::Marks {
  using Clock = std::chrono::steady_clock;

  c10::Device device;
  std::vector<std::unique_ptr<c10::Event>> events;
  std::vector<Clock::time_point> times;

  void Set() {
    if (device.is_cpu()) {
      times.push_back(Clock::now());
      return;
    }
    events.push_back(std::make_unique<c10::Event>(device.type(), c10::EventFlag::BACKEND_DEFAULT));
    events.back()->record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
  }
};

BlockClock::BlockClock(c10::Device device) : marks_(new Marks{device, {}, {}}) {}
BlockClock::~BlockClock() = default;

void BlockClock::Begin() { marks_->Set(); }
void BlockClock::End() { marks_->Set(); }

std::vector<double> BlockClock::Seconds() {
  std::vector<double> seconds;
  for (size_t i = 0; i + 1 < marks_->times.size(); i += 2) {
    seconds.push_back(
        std::chrono::duration<double>(marks_->times[i + 1] - marks_->times[i]).count());
  }
  if (!marks_->events.empty()) marks_->events.back()->synchronize();
  for (size_t i = 0; i + 1 < marks_->events.size(); i += 2) {
    seconds.push_back(marks_->events[i]->elapsedTime(*marks_->events[i + 1]) / 1e3);
  }
  return seconds;
}

}  // namespace hanga
