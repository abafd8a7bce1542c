// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/interrupt_signals.h"

#include <pthread.h>
#include <signal.h>

namespace hanga::cli {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

void HoldInterruptSignals() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

InterruptSignals::InterruptSignals(std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)), thread_([this] { Wait(); }) {}

InterruptSignals::~InterruptSignals() {
  done_ = true;
  pthread_kill(thread_.native_handle(), SIGINT);
  thread_.join();
}

void InterruptSignals::Wait() {
  const sigset_t signals = Signals();
  for (int count = 1, signal = 0;; ++count) {
    sigwait(&signals, &signal);
    if (done_) return;
    on_signal_(count);
  }
}

}  // namespace hanga::cli
