// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What goes on beside the traffic: pictures of a real model, a worker that is restarted, calls that
// are refused, lists, connections that come and go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bench/storm/ledger.h"
#include "client/client.h"

namespace hanga::bench {

struct ChoresSettings {
  std::string address;
  std::string admin_token;
  std::vector<std::string> tokens;  // of tenants
  std::string restarted_worker;     // `workers/{worker}`, of this host
  bool demo = true;                 // whether there is "models/demo"
  absl::Duration restart_every = absl::Minutes(1);
  absl::Duration demo_every = absl::Seconds(30);
};

// Not thread-safe.
class Chores {
 public:
  Chores(ChoresSettings settings, Ledger* ledger);

  // One round of what is due. Called about once a second.
  void Round();

  uint64_t restarts() const { return restarts_; }
  uint64_t demo_pictures() const { return demo_pictures_; }
  uint64_t refusals() const { return refusals_; }

 private:
  void RestartWorker();
  void DrawDemo();
  void AskForTheImpossible();
  void ListEverything();

  std::unique_ptr<client::Client> Connect(const std::string& token) const;
  void Expect(bool true_of_it, const std::string& what);

  const ChoresSettings settings_;
  Ledger& ledger_;
  absl::Time restart_at_, demo_at_;
  uint64_t round_ = 0, restarts_ = 0, demo_pictures_ = 0, refusals_ = 0;
};

}  // namespace hanga::bench
