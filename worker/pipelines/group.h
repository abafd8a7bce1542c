// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Workers that run models together, as the agent sees them: each a process with a device, rank 0
// leading. Free of Torch and of protobuf.
//
//   Open ── a door that others of the group knock at
//   Join ── Group ── rank 0: Load with it in LoadOptions; others: Follow
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// What the scheduler hands out.
struct GroupPlace {
  uint64_t number = 0;  // of the group
  int rank = 0;
  std::vector<std::string> workers, addresses;  // by rank
  std::string secret;

  int size() const { return static_cast<int>(workers.size()); }
};

// Thread-safe, but for Follow.
class Group {
 public:
  // A deployment by its id, as the worker would load it for itself.
  struct Deployed {
    ModelFiles files;
    LoadOptions options;
  };
  using Find = std::function<absl::StatusOr<Deployed>(const std::string& deployment)>;

  virtual ~Group() = default;
  // Of ranks other than 0: runs what the leader asks for, until the group breaks. The calling
  // thread owns the device's compute meanwhile.
  virtual void Follow(const Find& find) = 0;

  // The group is broken, for ever, by the first failure of any rank: ABORTED and one sentence.
  virtual void Abort(const std::string& why) = 0;
  virtual void AwaitBroken() = 0;
  virtual absl::Status status() const = 0;
  virtual int suspect() const = 0;  // the rank that did not answer; -1: unknown, or none
};

class GroupDoor {
 public:
  virtual ~GroupDoor() = default;
  virtual const std::string& address() const = 0;  // "HOST:PORT" or "unix:PATH", for the others
  // Waits until every rank has come, 20 s at most. UNAVAILABLE: `suspect` did not.
  virtual absl::StatusOr<std::shared_ptr<Group>> Join(const GroupPlace& place, int* suspect) = 0;
};

// Listens at "HOST:PORT" (0: any free port) or "unix:PATH", for ranks of `device` ("cpu",
// "cuda:0").
absl::StatusOr<std::unique_ptr<GroupDoor>> OpenGroupDoor(const std::string& address,
                                                         const std::string& device);

}  // namespace hanga
