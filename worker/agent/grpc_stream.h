// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "worker/agent/credentials.h"
#include "worker/agent/stream.h"

namespace hanga {

// Opens Attach streams to one address. Each has a connection of its own, so that a new one does not
// wait for the back-off of the old, and takes a replaced token or certificate.
class GrpcStreamFactory : public StreamFactory {
 public:
  explicit GrpcStreamFactory(SchedulerAddress address) : address_(std::move(address)) {}
  absl::StatusOr<std::unique_ptr<Stream>> Open(StreamEvents* events) override;

 private:
  const SchedulerAddress address_;
};

}  // namespace hanga
