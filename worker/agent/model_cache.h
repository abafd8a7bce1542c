// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The models in the device's memory: loaded at their first use. When another needs the room,
// weights of the least recently used idle ones move to host memory, as many blocks as it takes, and
// come back when they are used; models that cannot give blocks are dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/agent/counters.h"
#include "worker/agent/engine.h"
#include "worker/agent/model_book.h"

namespace hanga {

struct LoadedModel {
  std::string id;    // ModelEntry::id
  std::string name;  // `models/{model}`
  std::string sha256;
  bool shared = false;         // with the other ranks of a group
  bool keep_resident = false;  // neither evicted nor dropped for another
  std::unique_ptr<Pipeline> pipeline;
  std::optional<PlacementView> placement;
};

// Whoever holds one keeps the model from being dropped.
using ModelHandle = std::shared_ptr<LoadedModel>;

// Not thread-safe: owned by the thread that owns the device's compute.
class ModelCache {
 public:
  ModelCache(const Engine* engine, ModelBook* book, std::function<absl::Time()> now)
      : engine_(*engine), book_(*book), now_(std::move(now)) {}

  // The model, loaded if need be; `on_load` is called before that. nullptr: not now, as it has not
  // been examined yet, or running models hold the memory. NOT_FOUND: not a model of this worker.
  // FAILED_PRECONDITION: unusable. RESOURCE_EXHAUSTED: it does not fit, with the numbers; it is
  // reported as unusable here.
  absl::StatusOr<ModelHandle> Acquire(const std::string& name,
                                      const std::function<void()>& on_load);

  // Whether the last Acquire gave nothing because running models hold the memory.
  bool waits_for_memory() const { return waits_for_memory_; }

  // Between two steps of a model, which looks at the device's memory now and then: where another
  // process took what the plan counts on, idle models give theirs, and if that is not enough the
  // model plans again before it runs out of memory.
  void Watch(LoadedModel& model);

  // Reports where the weights of a model are now, when they may have moved.
  void Moved(LoadedModel& model);

  // The group that this worker leads. Leaving it drops the models that it shares, which nobody
  // holds any more.
  void JoinGroup(std::shared_ptr<Group> group) { group_ = std::move(group); }
  void LeaveGroup();

  // A model that an operator wants out of memory: dropped as soon as nobody holds it, unless
  // somebody asks for it before.
  void Unload(const std::string& name);

  // A task asked for a model, which was loaded already or had to be.
  void Asked(bool loaded) { counters_.Asked(loaded); }
  // After a turn of work: counts, and drops what was to be unloaded.
  void Tend();
  const Counters& counters() const { return counters_; }

  // Drops every model that nobody holds and that may go; false if there is none.
  bool DropIdle();

  // Drops models that are idle and no longer deployed as they were loaded.
  void DropStale();

 private:
  absl::StatusOr<ModelHandle> Load(const ModelEntry& entry);
  // A model that is loaded, with the memory to run. False: not now.
  bool Revive(LoadedModel& model);
  // Makes room for a model. False: not now, others that run hold the memory.
  absl::StatusOr<bool> MakeRoom(const ModelEntry& entry);
  // Evicts idle models other than `except`, then drops them, until `bytes` are free. False: there
  // are none left.
  bool Free(uint64_t bytes, const LoadedModel* except);
  bool AnyInUse(const LoadedModel* except) const;
  std::list<ModelHandle>::iterator LeastRecentlyUsedIdle(const LoadedModel* except);
  void Drop(std::list<ModelHandle>::iterator model);
  void Count(const LoadedModel& model);

  const Engine& engine_;
  ModelBook& book_;
  std::function<absl::Time()> now_;
  std::list<ModelHandle> models_;   // the most recently used first
  std::set<std::string> unwanted_;  // by name, to be unloaded
  Counters counters_;
  bool waits_for_memory_ = false;
  absl::Time watched_ = absl::InfinitePast();
  std::shared_ptr<Group> group_;
};

}  // namespace hanga
