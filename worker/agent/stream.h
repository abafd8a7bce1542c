// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One stream to the scheduler, as the link sees it.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hanga/v1/worker_link_service.pb.h"

namespace hanga {

// Called by the transport's threads, never from within a Stream's method.
class StreamEvents {
 public:
  virtual ~StreamEvents() = default;
  virtual void OnRead(v1::AttachResponse message) = 0;  // one at a time, in order
  virtual void OnWritten() = 0;                         // the message of the last Write() is out
  virtual void OnDone(const absl::Status& status) = 0;  // last, once
};

// Thread-safe. Destroyed after OnDone only.
class Stream {
 public:
  virtual ~Stream() = default;
  // One at a time: the next one after OnWritten().
  virtual void Write(v1::AttachRequest message) = 0;
  // Says that nothing more is written, after what was; the scheduler ends the stream then.
  virtual void CloseWrites() = 0;
  // Ends the stream at once; OnDone follows.
  virtual void Cancel() = 0;
};

class StreamFactory {
 public:
  virtual ~StreamFactory() = default;
  // Begins to connect; a failure comes as OnDone. `events` outlives the stream.
  virtual absl::StatusOr<std::unique_ptr<Stream>> Open(StreamEvents* events) = 0;
};

}  // namespace hanga
