// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// When a stream that broke off is opened again.
#pragma once

#include <grpcpp/channel.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/interrupt.h"

namespace hanga::client {

// One per followed stream. Not thread-safe.
class Reconnect {
 public:
  Reconnect(grpc::Channel& channel, absl::Duration timeout, Interrupt* interrupt);

  // Something arrived: from now on the full timeout counts again.
  void Arrived();

  // Waits for the connection. OK: open the stream again; otherwise what to fail with, which is
  // `broken` itself if another try cannot help or nothing had arrived yet, and CANCELLED after an
  // interrupt. An OK `broken` is a stream that ended before its time, as a stopping server's does.
  absl::Status AfterBreak(const absl::Status& broken);

 private:
  grpc::Channel& channel_;
  const absl::Duration timeout_;
  Interrupt* const interrupt_;
  bool ever_arrived_ = false;
  absl::Time give_up_ = absl::InfiniteFuture();
  absl::Duration pause_;
};

}  // namespace hanga::client
