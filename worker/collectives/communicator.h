// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The ranks of a group, each a process with a device, as they talk to each other: tensors between
// devices, and small messages between hosts.
//
// Contract
// 1. A pair of ranks exchanges tensors in the order in which they are sent, and messages in the
//    order in which they are sent. Collectives are called by every rank, in the same order, with
//    tensors of equal shape and type.
// 2. A tensor that is sent is contiguous and on the communicator's device. It is not written to
//    afterwards: sending does not wait for the receiver.
// 3. No wait is unbounded: a rank that has died, or is not heard for the patience, breaks the
//    communicator, and so does a tensor that does not arrive within its own. Everything then
//    returns ABORTED with one sentence that names the rank; what waits, wakes.
// 4. Bits arrive as they were sent.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hanga {

struct Message {
  int from = 0;
  std::string bytes;
};

// Thread-safe, but for one thing: of a pair of ranks, one thread sends and one thread receives.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Any shape and type; the receiver says which. INTERNAL: another one came, which breaks the
  // communicator.
  virtual absl::Status Send(int to, const at::Tensor& tensor) = 0;
  virtual absl::StatusOr<at::Tensor> Receive(int from, at::IntArrayRef shape,
                                             at::ScalarType type) = 0;

  // The root's tensor, on every rank. Elsewhere `tensor` gives shape and type.
  virtual absl::StatusOr<at::Tensor> Broadcast(int root, const at::Tensor& tensor) = 0;
  // [...] -> [size, ...]: every rank's.
  virtual absl::StatusOr<at::Tensor> AllGather(const at::Tensor& mine) = 0;
  // [size, ...] -> [size, ...]: row r goes to rank r, and row r of the result came from there.
  virtual absl::StatusOr<at::Tensor> AllToAll(const at::Tensor& rows) = 0;
  // Returns when every rank has come here.
  virtual absl::Status Barrier() = 0;

  // Beside the tensors, host to host; at most 1 MiB.
  virtual absl::Status SendMessage(int to, std::string bytes) = 0;
  // A message and the tensors that it tells of, as soon as the device has computed them; returns
  // at once. Until then the receiver hears nothing, so that neither device waits for the other in
  // the middle of its own work. What fails later breaks the communicator.
  virtual absl::Status SendComputed(int to, std::string bytes,
                                    const std::vector<at::Tensor>& tensors) = 0;
  // The oldest message of any rank. DEADLINE_EXCEEDED breaks nothing; an infinite wait ends when
  // the communicator breaks.
  virtual absl::StatusOr<Message> NextMessage(absl::Duration wait) = 0;

  // How long a rank may be silent, and a tensor on its way: the receiver's host may be busy with
  // something else before it takes it. Each rank sets its own.
  virtual void set_patience(absl::Duration silence, absl::Duration transfer) = 0;
  void set_patience(absl::Duration both) { set_patience(both, both); }

  // Breaks it: every rank's calls return ABORTED. The first reason stays.
  virtual void Abort(const std::string& why) = 0;
  virtual absl::Status status() const = 0;  // ABORTED once broken
  virtual int suspect() const = 0;          // the rank that broke it; -1: unknown, or none
  virtual void AwaitBroken() = 0;           // returns once broken
};

}  // namespace hanga
