// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <csignal>

namespace hanga {

StopSignals::StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = FileDescriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  cancelled_ = FileDescriptor(eventfd(0, EFD_CLOEXEC));
  signal(SIGPIPE, SIG_IGN);  // a client that goes away is no reason to end
}

int StopSignals::Wait() {
  while (true) {
    pollfd events[] = {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                       {.fd = cancelled_.get(), .events = POLLIN, .revents = 0}};
    poll(events, 2, -1);
    signalfd_siginfo info;
    if (read(signals_.get(), &info, sizeof info) == sizeof info) {
      return static_cast<int>(info.ssi_signo);
    }
    if (events[1].revents != 0) return 0;
  }
}

void StopSignals::Cancel() {
  const uint64_t one = 1;
  (void)!write(cancelled_.get(), &one, sizeof one);
}

}  // namespace hanga
