// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/storm/disturber.h"

#include <signal.h>

#include "absl/time/clock.h"
#include "client/client.h"

namespace hanga::bench {
namespace {

struct Weight {
  Disturbance disturbance;
  uint64_t percent;
};
constexpr Weight kWeights[] = {{Disturbance::kKillWorker, 30},  {Disturbance::kKillServer, 12},
                               {Disturbance::kPauseWorker, 12}, {Disturbance::kPauseServer, 6},
                               {Disturbance::kCancel, 15},      {Disturbance::kDisconnect, 20},
                               {Disturbance::kFillDisk, 5}};
constexpr absl::Duration kLongestPause = absl::Milliseconds(60);  // between two disturbances
constexpr absl::Duration kCancelTime = absl::Milliseconds(500);   // a full disk may hold it up
constexpr uint64_t kSomeSpace = 16 << 20;  // enough for records, none for artifacts

Disturbance Choose(uint64_t percent) {
  for (const Weight& weight : kWeights) {
    if (percent < weight.percent) return weight.disturbance;
    percent -= weight.percent;
  }
  return Disturbance::kKillWorker;
}

}  // namespace

const char* NameOf(Disturbance disturbance) {
  switch (disturbance) {
    case Disturbance::kKillWorker:
      return "worker_kills";
    case Disturbance::kKillServer:
      return "server_kills";
    case Disturbance::kPauseWorker:
      return "worker_pauses";
    case Disturbance::kPauseServer:
      return "server_pauses";
    case Disturbance::kCancel:
      return "cancels";
    case Disturbance::kDisconnect:
      return "disconnects";
    case Disturbance::kFillDisk:
      return "disk_fills";
  }
  return "";
}

Disturber::Disturber(ServerProcess* server, SmallDisk* disk, Ledger* ledger, uint64_t seed,
                     absl::Duration lease)
    : server_(*server), disk_(disk), ledger_(*ledger), lease_(lease), random_(seed) {}

absl::Status Disturber::Disturb() {
  // Always as many draws, so that the next disturbance does not depend on this one.
  const double pause = static_cast<double>(random_() % 1000) / 1000;
  const Disturbance disturbance = Choose(random_() % 100);
  const uint64_t pick = random_();
  const double length = static_cast<double>(random_() % 1000) / 1000;
  absl::SleepFor(kLongestPause * pause);
  EndWhatIsDue(absl::Now());
  ++counts_[disturbance];
  return Do(disturbance, pick, lease_ * 2 * length);
}

absl::Status Disturber::Do(Disturbance disturbance, uint64_t pick, absl::Duration length) {
  switch (disturbance) {
    case Disturbance::kKillWorker:
    case Disturbance::kPauseWorker: {
      const std::vector<pid_t> workers = server_.workers();
      if (workers.empty()) break;
      const pid_t worker = workers[pick % workers.size()];
      const bool stop = disturbance == Disturbance::kPauseWorker;
      kill(worker, stop ? SIGSTOP : SIGKILL);
      if (stop) paused_.emplace(absl::Now() + length, worker);
      break;
    }
    case Disturbance::kKillServer:
      server_.Kill();
      absl::SleepFor(length / 8);
      return RestartServer();
    case Disturbance::kPauseServer:
      server_.Signal(SIGSTOP);
      absl::SleepFor(length / 2);
      server_.Signal(SIGCONT);
      break;
    case Disturbance::kCancel: {
      const auto job = ledger_.LiveJob(pick);
      const auto client =
          client::Client::Make({.address = server_.address(), .call_timeout = kCancelTime});
      if (!job || !client.ok()) break;
      const auto answer = (*client)->Cancel(*job);
      if (answer.ok() && client::IsFinal(answer->state())) ledger_.Ended(*answer);
      break;
    }
    case Disturbance::kDisconnect:
      ledger_.Interrupt(pick);
      break;
    case Disturbance::kFillDisk:
      if (disk_ == nullptr || disk_->full()) break;
      disk_->Fill(pick % 2 == 0 ? 0 : kSomeSpace);
      disk_full_until_ = absl::Now() + length / 2;
      break;
  }
  return absl::OkStatus();
}

absl::Status Disturber::RestartServer() {
  absl::Status status = server_.Start();
  if (!absl::IsUnavailable(status) || disk_ == nullptr || !disk_->full()) return status;
  // Without any space it may refuse to start, but not for ever.
  EndWhatIsDue(absl::InfiniteFuture());
  return server_.Start();
}

void Disturber::EndWhatIsDue(absl::Time now) {
  const auto due = paused_.upper_bound(now);
  for (auto it = paused_.begin(); it != due; ++it) kill(it->second, SIGCONT);
  paused_.erase(paused_.begin(), due);
  if (disk_ != nullptr && disk_->full() && now >= disk_full_until_) disk_->Empty();
}

void Disturber::Calm() {
  EndWhatIsDue(absl::InfiniteFuture());
  server_.Signal(SIGCONT);
}

}  // namespace hanga::bench
