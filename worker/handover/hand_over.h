// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Ranks run their ranges of a network's blocks, and hand the state over at the cuts.
//
//   leader   Launch ── range 0 ──▶ rank 1 ── range 1 ──▶ rank 2 ── range 2 ──▶ leader   Await
//
// The leader launches states one after another without waiting, so that every rank has one to work
// on. A route is a list of stages in any order of the ranks; the result always comes to the leader,
// in whose own stages it works while it waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/collectives/communicator.h"
#include "worker/handover/row.h"
#include "worker/handover/watchdog.h"

namespace hanga {

// Blocks [begin, end) run on a rank.
struct Stage {
  int rank = 0;
  size_t begin = 0, end = 0;
};
using Route = std::vector<Stage>;

// What a message between ranks is about: its first byte.
enum class Topic : char { kState = 'S', kFailure = 'F', kLoad = 'L', kLoaded = 'A', kDrop = 'D' };

// Of one rank. Not thread-safe: owned by the thread that owns the device's compute.
class HandOver {
 public:
  // Runs a range of a network of one model on this rank.
  using Run =
      std::function<absl::Status(const std::string& network, size_t begin, size_t end, Row* row)>;

  // `communicator` outlives it. Waits are bounded by what steps were measured to take, and not
  // below `floor`.
  HandOver(Communicator* communicator, absl::Duration floor)
      : communicator_(*communicator), watchdog_(floor) {}

  // Every rank adds a model with the same number and routes, by network.
  void Add(uint64_t model, std::map<std::string, Route> routes, Run run);
  // The leader waits for states of it that are on their way; their results are dropped.
  void Remove(uint64_t model);

  // The leader: gives a ticket. States come back in the order of their launches.
  absl::StatusOr<uint64_t> Launch(uint64_t model, const std::string& network, Row row);
  // ABORTED: the group has broken. What a rank's blocks failed with otherwise; the group is whole.
  absl::StatusOr<Row> Await(uint64_t ticket);
  // Nobody will await it: the result is dropped when it comes.
  void Forget(uint64_t ticket);

  // A message of kState or kFailure: runs this rank's stage and hands over.
  absl::Status Serve(const Message& message);

 private:
  struct Model {
    std::map<std::string, Route> routes;
    Run run;
  };
  // A state between two stages.
  struct Parcel {
    uint64_t model = 0, ticket = 0;
    uint32_t stage = 0;  // that comes next; the route's length: it is the result
    std::string network;
    Row row;
  };

  absl::Status AwaitArrival(uint64_t ticket);
  absl::Status Carry(Parcel parcel);
  absl::Status Forward(int to, const Parcel& parcel);
  absl::StatusOr<Parcel> Open(int from, std::string_view bytes);
  absl::Status TellFailure(uint64_t ticket, const absl::Status& failure);
  void Arrived(uint64_t ticket, absl::StatusOr<Row> result);

  Communicator& communicator_;
  Watchdog watchdog_;
  std::map<uint64_t, Model> models_;
  uint64_t next_ticket_ = 1;
  std::map<uint64_t, uint64_t> on_the_way_;          // tickets, and of which model
  std::set<uint64_t> forgotten_;                     // of those
  std::map<uint64_t, absl::StatusOr<Row>> results_;  // not yet awaited
};

}  // namespace hanga
