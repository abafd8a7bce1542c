// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Keeps the worker attached to its scheduler.
//
//   waiting ── connect ──▶ greeting ── Welcome ──▶ attached
//      ▲                      │ refused, lost         │ lost, silent, Goodbye
//      └────── back-off ──────┴───────────────────────┘
//
// Tasks go on meanwhile; after the Welcome the outbox gives again what was not acknowledged.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "worker/agent/backoff.h"
#include "worker/agent/outbox.h"
#include "worker/agent/stream.h"

namespace hanga {

// What the link hands on. Called by one thread at a time, without a lock held.
class LinkHandler {
 public:
  virtual ~LinkHandler() = default;
  virtual v1::Hello MakeHello() = 0;
  virtual v1::Heartbeat MakeHeartbeat() = 0;
  virtual void OnMessage(v1::AttachResponse message) = 0;  // but Goodbye and HeartbeatAck
};

// Why the link ended.
struct LinkEnd {
  int exit_code = 0;
  std::string message;  // one sentence; empty if all is well
};

struct LinkOptions {
  // Give up after so long without the scheduler; 0: never.
  absl::Duration away_timeout;
  uint64_t seed = 0;  // of the back-off's spread
  std::function<absl::Time()> now = absl::Now;
};

inline constexpr int kExitDrained = 0;
inline constexpr int kExitDeviceFault = 70;    // EX_SOFTWARE
inline constexpr int kExitSchedulerAway = 75;  // EX_TEMPFAIL
inline constexpr int kExitRefused = 78;        // EX_CONFIG

// Thread-safe.
class Link : public StreamEvents {
 public:
  // All outlive the link. The outbox's wake must call Pump().
  Link(LinkOptions options, StreamFactory* factory, Outbox* outbox, LinkHandler* handler);

  // Until it has ended and the stream is closed.
  LinkEnd Run();
  // Ends the link once everything owed is sent, or after `linger`. The first call counts.
  void Stop(LinkEnd end, absl::Duration linger);

  // Bounds the time without the scheduler from now on, as a worker that is told to stop does.
  void LimitAway(absl::Duration away_timeout);

  // Sends what is due, if the stream is ready for it.
  void Pump();
  // Does what time demands; when to call it again. Run() does; tests do it by hand.
  absl::Time Tick();
  bool ended() const;

  void OnRead(v1::AttachResponse message) override;
  void OnWritten() override;
  void OnDone(const absl::Status& status) override;

 private:
  enum class State { kWaiting, kGreeting, kAttached, kClosing, kEnded };

  void PumpLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Connect(v1::Hello hello) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Lost(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Attached(const v1::Welcome& welcome);
  void Dismissed(const v1::Goodbye& goodbye);
  void ProceedToEnd(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CancelStream() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time NextTick() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The scheduler may still take the tasks for running: there is something to save.
  bool InLease(absl::Time at) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return at < last_contact_ + lease_;
  }
  absl::Time SilenceDeadline() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time AwayDeadline() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Nudge() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { nudged_ = true; }

  const LinkOptions options_;
  StreamFactory& factory_;
  Outbox& outbox_;
  LinkHandler& handler_;

  mutable absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kWaiting;
  std::unique_ptr<Stream> stream_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Stream> closed_ ABSL_GUARDED_BY(mutex_);  // destroyed by the next Tick()
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;    // the stream
  bool flushed_out_ ABSL_GUARDED_BY(mutex_) = false;  // its end is the link's
  bool nudged_ ABSL_GUARDED_BY(mutex_) = false;
  Backoff backoff_ ABSL_GUARDED_BY(mutex_);
  absl::Duration away_timeout_ ABSL_GUARDED_BY(mutex_);
  absl::Time connect_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time last_read_ ABSL_GUARDED_BY(mutex_);     // of this stream, or its opening
  absl::Time last_contact_ ABSL_GUARDED_BY(mutex_);  // the scheduler was attached then
  absl::Time heartbeat_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  absl::Duration heartbeat_interval_ ABSL_GUARDED_BY(mutex_);
  absl::Duration lease_ ABSL_GUARDED_BY(mutex_);
  std::string last_problem_ ABSL_GUARDED_BY(mutex_);  // logged already
  std::optional<LinkEnd> end_ ABSL_GUARDED_BY(mutex_);
  absl::Time linger_until_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
};

}  // namespace hanga
