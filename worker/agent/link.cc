// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/link.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"

namespace hanga {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(50);
constexpr absl::Duration kMostBackoff = absl::Seconds(1);
constexpr absl::Duration kGreetingTimeout = absl::Seconds(10);
constexpr absl::Duration kLeastGreetingTimeout = absl::Milliseconds(500);
constexpr absl::Duration kDefaultLease = absl::Seconds(30);

absl::Duration FromProto(const google::protobuf::Duration& duration, absl::Duration otherwise) {
  const absl::Duration value =
      absl::Nanoseconds(google::protobuf::util::TimeUtil::DurationToNanoseconds(duration));
  return value > absl::ZeroDuration() ? value : otherwise;
}

}  // namespace

Link::Link(LinkOptions options, StreamFactory* factory, Outbox* outbox, LinkHandler* handler)
    : options_(std::move(options)),
      factory_(*factory),
      outbox_(*outbox),
      handler_(*handler),
      backoff_(kFirstBackoff, kMostBackoff, options_.seed),
      away_timeout_(options_.away_timeout),
      last_read_(options_.now()),
      last_contact_(last_read_),
      heartbeat_interval_(kDefaultLease / 4),
      lease_(kDefaultLease) {}

LinkEnd Link::Run() {
  for (;;) {
    const absl::Time next = Tick();
    const absl::MutexLock lock(&mutex_);
    if (state_ == State::kEnded) return *end_;
    mutex_.AwaitWithDeadline(absl::Condition(&nudged_), next);
    nudged_ = false;
  }
}

bool Link::ended() const {
  const absl::MutexLock lock(&mutex_);
  return state_ == State::kEnded;
}

void Link::Stop(LinkEnd end, absl::Duration linger) {
  const absl::MutexLock lock(&mutex_);
  if (end_) return;
  end_ = std::move(end);
  linger_until_ = options_.now() + linger;
  Nudge();
}

void Link::LimitAway(absl::Duration away_timeout) {
  const absl::MutexLock lock(&mutex_);
  if (away_timeout_ <= absl::ZeroDuration() || away_timeout < away_timeout_) {
    away_timeout_ = away_timeout;
  }
  Nudge();
}

void Link::Pump() {
  const absl::MutexLock lock(&mutex_);
  PumpLocked();
}

void Link::PumpLocked() {
  if (state_ != State::kAttached || writing_) return;
  if (auto message = outbox_.Next()) {
    writing_ = true;
    stream_->Write(*std::move(message));
  } else if (end_) {
    Nudge();  // everything is sent
  }
}

absl::Time Link::Tick() {
  std::unique_ptr<Stream> closed;
  bool connect = false, beat = false;
  {
    const absl::MutexLock lock(&mutex_);
    closed = std::move(closed_);
    const absl::Time now = options_.now();
    if (now >= AwayDeadline() && !end_) {
      end_ = LinkEnd{kExitSchedulerAway,
                     absl::StrCat("the scheduler has been away for ",
                                  absl::FormatDuration(away_timeout_), "; giving up")};
      linger_until_ = now;
    }
    ProceedToEnd(now);
    if (stream_ != nullptr && now >= SilenceDeadline()) CancelStream();
    connect = state_ == State::kWaiting && stream_ == nullptr && now >= connect_at_;
    beat = state_ == State::kAttached && now >= heartbeat_at_;
    if (beat) heartbeat_at_ = now + heartbeat_interval_;
  }
  if (connect) {
    v1::Hello hello = handler_.MakeHello();
    const absl::MutexLock lock(&mutex_);
    Connect(std::move(hello));
  }
  if (beat) outbox_.Beat(handler_.MakeHeartbeat());
  const absl::MutexLock lock(&mutex_);
  return NextTick();
}

void Link::Connect(v1::Hello hello) {
  auto stream = factory_.Open(this);
  if (!stream.ok()) {
    Lost(stream.status());
    return;
  }
  stream_ = *std::move(stream);
  state_ = State::kGreeting;
  last_read_ = options_.now();
  writing_ = true;
  cancelled_ = false;
  v1::AttachRequest message;
  *message.mutable_hello() = std::move(hello);
  stream_->Write(std::move(message));
}

void Link::OnRead(v1::AttachResponse message) {
  bool first;
  {
    const absl::MutexLock lock(&mutex_);
    last_read_ = options_.now();
    first = state_ == State::kGreeting;
    if (state_ == State::kAttached) last_contact_ = last_read_;
  }
  if (message.has_goodbye()) {
    Dismissed(message.goodbye());
  } else if (first && message.has_welcome()) {
    Attached(message.welcome());
    handler_.OnMessage(std::move(message));
  } else if (!first && !message.has_heartbeat_ack()) {
    handler_.OnMessage(std::move(message));
  }
}

void Link::Attached(const v1::Welcome& welcome) {
  outbox_.Connected(welcome.chunk_window_bytes());
  const absl::MutexLock lock(&mutex_);
  lease_ = FromProto(welcome.lease(), kDefaultLease);
  heartbeat_interval_ = FromProto(welcome.heartbeat_interval(), lease_ / 4);
  last_contact_ = options_.now();
  heartbeat_at_ = last_contact_;
  state_ = State::kAttached;
  backoff_.Reset();
  last_problem_.clear();
  spdlog::info("attached to the scheduler epoch={}", welcome.epoch());
  PumpLocked();
  Nudge();
}

void Link::Dismissed(const v1::Goodbye& goodbye) {
  spdlog::info("the scheduler says goodbye reason={}: {}", goodbye.reason(), goodbye.message());
  const absl::MutexLock lock(&mutex_);
  if (goodbye.retry() || end_) return;  // the stream's end follows
  if (goodbye.reason() == "SHUTDOWN") {
    end_ = LinkEnd{kExitDrained, ""};
  } else {
    end_ = LinkEnd{kExitRefused, absl::StrCat("the scheduler refused this worker (",
                                              goodbye.reason(), "): ", goodbye.message())};
  }
  linger_until_ = options_.now();
  Nudge();
}

void Link::OnWritten() {
  const absl::MutexLock lock(&mutex_);
  writing_ = false;
  PumpLocked();
}

void Link::OnDone(const absl::Status& status) {
  const absl::MutexLock lock(&mutex_);
  closed_ = std::move(stream_);
  Lost(status);
  if (end_ && (flushed_out_ || options_.now() >= linger_until_)) state_ = State::kEnded;
}

void Link::Lost(const absl::Status& status) {
  writing_ = false;
  heartbeat_at_ = absl::InfiniteFuture();
  state_ = State::kWaiting;
  const absl::Time now = options_.now();
  const absl::Duration pause = backoff_.Next();
  connect_at_ = now + (InLease(now) ? std::min(pause, lease_ / 20) : pause);
  const std::string problem = status.ToString();
  if (problem != last_problem_ && !end_) {
    spdlog::warn("not attached to the scheduler: {}", problem);
  }
  last_problem_ = problem;
  Nudge();
}

// Everything owed is sent and the stream closed in order, or the time for that is over.
void Link::ProceedToEnd(absl::Time now) {
  if (!end_ || state_ == State::kEnded) return;
  if (now >= linger_until_) {
    if (stream_ == nullptr) state_ = State::kEnded;
    CancelStream();
  } else if (state_ == State::kAttached && !writing_ && outbox_.Flushed()) {
    flushed_out_ = true;
    state_ = State::kClosing;
    stream_->CloseWrites();
  }
}

void Link::CancelStream() {
  if (stream_ == nullptr || std::exchange(cancelled_, true)) return;
  state_ = State::kClosing;
  stream_->Cancel();
}

absl::Time Link::NextTick() const {
  absl::Time next = std::min(heartbeat_at_, AwayDeadline());
  if (end_ && !cancelled_) next = std::min(next, linger_until_);
  if (stream_ != nullptr) return std::min(next, SilenceDeadline());
  return state_ == State::kWaiting ? std::min(next, connect_at_) : next;
}

// After a cut TCP tries again ever more seldom: a cut of half the lease may cost all of it. So two
// heartbeats without an answer end a stream, and while the lease lasts new connections are tried in
// quick succession. Once it is over there is time for a slow network's handshakes.
absl::Time Link::SilenceDeadline() const {
  if (state_ == State::kGreeting) {
    if (!InLease(last_read_)) return last_read_ + kGreetingTimeout;
    return last_read_ + std::clamp(lease_ / 10, kLeastGreetingTimeout, kGreetingTimeout);
  }
  if (state_ != State::kAttached) return absl::InfiniteFuture();
  const absl::Duration patience = std::max(2 * heartbeat_interval_, lease_ / 3);
  return last_read_ + std::min(patience, lease_ * 2 / 3);
}

// Silence is what ends an attached stream; only then does the scheduler count as away.
absl::Time Link::AwayDeadline() const {
  const bool never = away_timeout_ <= absl::ZeroDuration();
  if (never || end_ || state_ == State::kAttached) return absl::InfiniteFuture();
  return last_contact_ + away_timeout_;
}

}  // namespace hanga
