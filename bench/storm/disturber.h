// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The storm itself: one disturbance a cycle, drawn from a seed.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bench/storm/ledger.h"
#include "bench/storm/server_process.h"
#include "bench/storm/small_disk.h"

namespace hanga::bench {

enum class Disturbance {
  kKillWorker,
  kKillServer,   // and start it again
  kPauseWorker,  // SIGSTOP, for less or more than a lease, and SIGCONT
  kPauseServer,
  kCancel,      // a job that has not ended
  kDisconnect,  // a client in the middle of a stream
  kFillDisk,    // for a while
};
const char* NameOf(Disturbance disturbance);

// The same seed gives the same disturbances of the same lengths; what they hit depends on the
// moment. Not thread-safe.
class Disturber {
 public:
  // `disk` may be null: the disk is never full then.
  Disturber(ServerProcess* server, SmallDisk* disk, Ledger* ledger, uint64_t seed,
            absl::Duration lease);

  // One pause and one disturbance. A failure means that the server cannot be started any more.
  absl::Status Disturb();
  // Everybody runs again and the disk is empty.
  void Calm();

  const std::map<Disturbance, uint64_t>& counts() const { return counts_; }

 private:
  absl::Status Do(Disturbance disturbance, uint64_t pick, absl::Duration length);
  absl::Status RestartServer();
  void EndWhatIsDue(absl::Time now);

  ServerProcess& server_;
  SmallDisk* const disk_;
  Ledger& ledger_;
  const absl::Duration lease_;
  std::mt19937_64 random_;
  std::multimap<absl::Time, pid_t> paused_;  // until when
  absl::Time disk_full_until_ = absl::InfiniteFuture();
  std::map<Disturbance, uint64_t> counts_;
};

}  // namespace hanga::bench
