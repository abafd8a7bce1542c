// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Hosts and the wires between them, on one machine: network namespaces, joined by TAP devices whose
// frames this process carries. A wire delays, loses and is cut as `tc netem` does it, in kernels
// without netem too. Needs root; nothing of it outlives the process.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace hanga::system {

// A file descriptor and its end. Move-only.
class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// A network namespace.
class Host {
 public:
  // Puts the calling thread, and those that it will start, on a host of its own for good. Not after
  // other threads have opened sockets, which would stay where they are. PERMISSION_DENIED or
  // UNAVAILABLE say why there can be none here.
  static absl::StatusOr<Host> Move();
  static absl::StatusOr<Host> Make();  // another one, which has only its loopback

  // Calls on this host: sockets that are opened and processes that are started there stay there.
  absl::Status On(const std::function<absl::Status()>& call) const;

 private:
  explicit Host(Descriptor space) : space_(std::move(space)) {}
  static absl::StatusOr<Host> Here();

  Descriptor space_;
};

// Between two hosts; each end is a device with an address in a /24 net. Thread-safe.
class Wire {
 public:
  static absl::StatusOr<std::unique_ptr<Wire>> Join(const Host& left, const std::string& left_ip,
                                                    const Host& right, const std::string& right_ip);
  ~Wire();

  void Delay(absl::Duration one_way) { delay_ns_ = absl::ToInt64Nanoseconds(one_way); }
  void Lose(double share) { loss_ = share; }  // of the frames of either direction
  void Cut() { cut_ = true; }                 // frames on their way are lost too
  void Mend() { cut_ = false; }
  uint64_t lost() const { return lost_; }  // frames so far

 private:
  struct Frame {
    absl::Time due;
    std::string bytes;
  };
  struct Direction {
    int from, to;
    std::deque<Frame> frames;  // in the order of their dues
  };

  Wire(Descriptor left, Descriptor right);
  void Carry();
  void Take(Direction& direction);
  void Deliver(Direction& direction, absl::Time now);

  const Descriptor left_, right_, stop_;
  std::atomic<int64_t> delay_ns_ = 0;
  std::atomic<double> loss_ = 0;
  std::atomic<bool> cut_ = false;
  std::atomic<uint64_t> lost_ = 0;
  std::mt19937 random_{7};  // the carrier's
  std::thread carrier_;
};

}  // namespace hanga::system
