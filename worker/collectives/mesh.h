// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The ranks of a group, each connected to each other: a rank calls those below it and is called by
// those above it, at the addresses that the scheduler handed out.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/collectives/endpoint.h"
#include "worker/collectives/frame.h"
#include "worker/collectives/peer_link.h"

namespace hanga {

struct MeshOptions {
  uint64_t group = 0;
  int rank = 0;
  std::vector<std::string> addresses, names;  // by rank; names for messages
  std::string secret;
  absl::Duration meeting = absl::Seconds(20);   // to find each other within
  absl::Duration greeting = absl::Seconds(3);   // for a peer to say its part of the handshake
  absl::Duration patience = absl::Seconds(10);  // with a silent peer
};

// Thread-safe, with one receiver for each rank and channel at a time.
class Mesh {
 public:
  // Waits for every rank. UNAVAILABLE: one did not come in time, which `suspect` names (-1: none).
  // Strangers that call meanwhile are sent away. `listener` is used during the call alone.
  static absl::StatusOr<std::unique_ptr<Mesh>> Join(const Listener& listener, MeshOptions options,
                                                    int* suspect);
  ~Mesh();

  int rank() const { return options_.rank; }
  int size() const { return static_cast<int>(options_.addresses.size()); }

  absl::Status Send(int to, Frame frame);
  // Of one rank, or the oldest of all with `from` = -1. DEADLINE_EXCEEDED: nothing within `wait`.
  struct Arrived {
    int from = 0;
    Frame frame;
  };
  absl::StatusOr<Arrived> Receive(int from, Channel channel, absl::Duration wait);

  void set_patience(absl::Duration patience);
  absl::Duration patience() const;
  // The first reason stays. `suspect` is the rank to blame, -1: none.
  void Break(const std::string& why, int suspect);
  absl::Status status() const;
  int suspect() const;
  void AwaitBroken();

 private:
  explicit Mesh(MeshOptions options);
  void Connect(std::vector<Socket> sockets);
  bool Arrive(int from, Frame frame);
  void Failed(int peer, const absl::Status& status);
  // The index in the inbox, or -1.
  int Find(int from, Channel channel) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const MeshOptions options_;
  std::vector<std::unique_ptr<PeerLink>> links_;  // by rank; none to itself

  mutable absl::Mutex mutex_;
  std::deque<Arrived> inbox_ ABSL_GUARDED_BY(mutex_);
  absl::Duration patience_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  int suspect_ ABSL_GUARDED_BY(mutex_) = -1;
};

}  // namespace hanga
