// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One attached stream of a worker, between the link's transport and the scheduler. The transport
// hands in what the worker says and sends what comes out of the sink; it knows nothing else.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hanga/v1/cluster_service.pb.h"
#include "hanga/v1/worker_link_service.pb.h"

namespace hanga {

// The way to the worker. Thread-safe. Both methods return at once: they queue, never block and
// never call the scheduler back.
class WorkerSink {
 public:
  virtual ~WorkerSink() = default;
  virtual void Send(v1::AttachResponse response) = 0;  // in the order of the calls
  // Ends the stream after what was sent, with this status; a second call changes nothing.
  virtual void Close(absl::Status status) = 0;
};

// Thread-safe; messages of one stream are handed in by one thread at a time, in their order.
class WorkerSession {
 public:
  virtual ~WorkerSession() = default;

  // The first must be a Hello. Whatever is wrong with a message is answered through the sink (a
  // Goodbye and Close, or a TaskVerdict) and changes nothing. May wait for the disk.
  virtual void OnMessage(v1::AttachRequest message) = 0;

  // The stream has ended, for whatever reason; the lease of the worker runs from now. Idempotent.
  virtual void OnClosed() = 0;
};

// What the supervisor knows of a process that it runs.
struct WorkerProcess {
  std::string worker_id;  // as in the Hello of that process
  // STARTING: it was started. BACKING_OFF: it has ended and will be started at `retry_time`.
  // QUARANTINED: it has ended too often and is not started again.
  v1::WorkerState state = v1::WORKER_STATE_STARTING;
  uint32_t pid = 0;
  uint32_t restarts = 0;
  std::string problem;      // one sentence, if it has ended
  std::string stderr_tail;  // its last lines, if it has ended
  absl::Time retry_time = absl::InfinitePast();
  v1::DeviceInfo device;  // what is known before it says hello
};

}  // namespace hanga
