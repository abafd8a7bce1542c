// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One connection to another rank, after the handshake. A thread writes what is queued, and a ping
// when there is nothing; a thread reads. A peer whose pings stop is told from one that computes.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/collectives/endpoint.h"
#include "worker/collectives/frame.h"

namespace hanga {

// Thread-safe.
class PeerLink {
 public:
  struct Events {
    // By the reading thread. False: enough, read no more.
    std::function<bool(Frame)> on_frame;
    // By either thread, perhaps by both; the link is of no use any more. UNAVAILABLE,
    // DEADLINE_EXCEEDED, or INTERNAL for what no peer would send.
    std::function<void(const absl::Status&)> on_failed;
  };

  PeerLink(Socket socket, absl::Duration patience, Events events);
  ~PeerLink();

  void Start();
  void Send(Frame frame);  // queues it; of a link that has failed, drops it
  void Stop();             // wakes both threads; nothing is called after the destructor
  void set_patience(absl::Duration patience) { patience_ns_ = absl::ToInt64Nanoseconds(patience); }

 private:
  void Write();
  void Read();
  absl::Status ReadOne(Frame* frame);
  absl::Duration patience() const { return absl::Nanoseconds(patience_ns_.load()); }

  const Socket socket_;
  const Events events_;
  std::atomic<int64_t> patience_ns_;

  absl::Mutex mutex_;
  std::deque<Frame> outgoing_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread writer_, reader_;
};

}  // namespace hanga
