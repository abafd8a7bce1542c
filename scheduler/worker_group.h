// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Workers that run models together, each a range of the blocks. Rank 0 leads: it alone is given
// tasks, and drives the others.
//
//   forming ── every member idle ──▶ meeting ── every rank reports ──▶ ready
//      └──────────────── a member lost, a report of failure ─────────────┴──▶ broken
//
// A group fails as a unit: when one member is lost the others leave it, the attempts that it
// worked on are lost with it, and the members are put together anew, with others where there are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace hanga {

struct WorkerGroup {
  uint64_t number = 0;
  std::vector<std::string> workers;  // ids by rank
  std::vector<char> ready;           // by rank: it has met the others
  bool told = false;                 // the members know of it
  bool dissolving = false;           // ends when its leader holds nothing
  absl::Duration formed;             // by Clock::Elapsed

  const std::string& leader() const { return workers.front(); }
  bool all_ready() const {
    return std::all_of(ready.begin(), ready.end(), [](char r) { return r != 0; });
  }
};

// A worker's place in one, as its record has it.
struct GroupSeat {
  uint64_t group = 0;  // 0: in none
  uint32_t rank = 0, size = 1;
  bool ready = false;       // the group may be given tasks
  bool dissolving = false;  // ... no more

  bool leads() const { return group != 0 && rank == 0 && ready && !dissolving; }
  bool may_take_tasks() const { return group == 0 || leads(); }
};

}  // namespace hanga
