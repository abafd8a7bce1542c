// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Clients that submit, generate, cancel and follow jobs, whatever happens to the server meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bench/storm/ledger.h"
#include "client/client.h"

namespace hanga::bench {

struct TrafficSettings {
  int clients = 8;
  uint64_t seed = 1;
  absl::Duration patience = absl::Minutes(3);   // for one answer, and for the end of one job
  absl::Duration pause = absl::ZeroDuration();  // of a client between two jobs, on average
  std::vector<std::string> tokens = {};         // of its clients, in turn; none: without
  bool download = false;                        // what was drawn for a job that was followed
};

// Each client has one job at a time and waits for its end. What is not acknowledged is sent again
// under its request id until it is, so that at the end every job of the server is in the ledger.
class Traffic {
 public:
  Traffic(const std::string& address, TrafficSettings settings, Ledger* ledger);
  ~Traffic() { Finish(); }

  void Finish();  // no new jobs; returns when all have ended
  uint64_t resubmissions() const { return resubmissions_; }

 private:
  struct Plan;  // what a client does next
  using Random = std::mt19937_64;

  void Loop(uint64_t client);
  void Carry(client::Client& client, const Plan& plan);
  // Repeats the call until it is answered otherwise than by UNAVAILABLE and the like.
  template <typename Call>
  auto Persist(Call call) -> decltype(call());
  bool Generate(client::Client& client, const Plan& plan, v1::Job* job);
  void Cancel(client::Client& client, const std::string& job);
  void Follow(client::Client& client, const v1::Job& job);
  void Download(client::Client& client, const v1::Job& job);

  const std::string address_;
  const TrafficSettings settings_;
  Ledger* const ledger_;
  std::atomic<bool> finishing_ = false;
  std::atomic<uint64_t> resubmissions_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace hanga::bench
