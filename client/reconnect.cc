// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/reconnect.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace hanga::client {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(50);
constexpr absl::Duration kLongestPause = absl::Seconds(1);

// A server that stops ends its streams with OK, CANCELLED or UNAVAILABLE.
bool MayPass(const absl::Status& broken) {
  return broken.ok() || absl::IsUnavailable(broken) || absl::IsCancelled(broken);
}

}  // namespace

Reconnect::Reconnect(grpc::Channel& channel, absl::Duration timeout, Interrupt* interrupt)
    : channel_(channel), timeout_(timeout), interrupt_(interrupt), pause_(kFirstPause) {}

void Reconnect::Arrived() {
  ever_arrived_ = true;
  give_up_ = absl::InfiniteFuture();
  pause_ = kFirstPause;
}

absl::Status Reconnect::AfterBreak(const absl::Status& broken) {
  const absl::Status interrupted = absl::CancelledError("interrupted");
  if (interrupt_ != nullptr && interrupt_->triggered()) return interrupted;
  if (!MayPass(broken) || (!ever_arrived_ && !broken.ok())) return broken;
  give_up_ = std::min(give_up_, absl::Now() + timeout_);
  while (absl::Now() < give_up_) {
    // A pause even where the connection is up: a server may answer and break off at once.
    Interrupt none;
    if ((interrupt_ != nullptr ? interrupt_ : &none)->WaitFor(pause_)) return interrupted;
    pause_ = std::min(pause_ * 2, kLongestPause);
    const absl::Time next_look = std::min(give_up_, absl::Now() + kLongestPause);
    if (channel_.WaitForConnected(absl::ToChronoTime(next_look))) return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("no answer for ", absl::FormatDuration(timeout_), ": ",
                   broken.ok() ? "the stream ended early" : broken.message()));
}

}  // namespace hanga::client
