// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The inputs (pictures, masks) that tasks begin from: fetched over the link in pieces, checked
// against the SHA-256 that names them, and kept for the next task that names the same.
//
//   Prepare(assignment) ── all there ────────────────────────▶ ready(assignment, inputs)
//            └── InputRequest ──▶ InputPiece ──▶ ... ─ whole ──▲      └─ cannot be had ─▶ failed
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "worker/agent/attempt.h"
#include "worker/agent/outbox.h"

namespace hanga {

using InputSet = std::map<std::string, std::shared_ptr<const std::string>>;  // by SHA-256

// Thread-safe. Callbacks run on the thread that completes or fails the task, without a lock held.
class Inputs {
 public:
  using Ready = std::function<void(v1::Assignment, InputSet)>;
  using Failed = std::function<void(const v1::AttemptRef&, const absl::Status&)>;

  // Keeps up to `kept_bytes` of inputs that no task waits for; the longest unused go first.
  Inputs(uint64_t kept_bytes, Outbox* outbox, Ready ready, Failed failed);

  // Calls `ready` once every input that the spec names is there: at once if all are.
  void Prepare(v1::Assignment assignment);
  void OnPiece(const v1::InputPiece& piece);
  // A new stream: what was asked for on the old one is asked for again.
  void Connected();

  // Forgets a task that waits; false if it does not (any more).
  bool Drop(const v1::AttemptRef& attempt);
  std::vector<v1::AttemptRef> DropAll();

 private:
  struct Waiting {
    v1::Assignment assignment;
    std::set<std::string> missing;
  };
  struct Incoming {
    v1::AttemptRef for_attempt;
    std::string bytes;
  };
  struct Kept {
    std::shared_ptr<const std::string> bytes;
    std::list<std::string>::iterator use;
  };

  void Ask(const std::string& sha256, Incoming& incoming) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskForMissing() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Waiting> Arrived(const std::string& sha256, std::string bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  InputSet Take(const v1::GenerationSpec& spec) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Trim() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(const std::string& sha256, const absl::Status& status);

  const uint64_t kept_bytes_;
  Outbox& outbox_;
  const Ready ready_;
  const Failed failed_;

  absl::Mutex mutex_;
  std::map<AttemptKey, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Incoming> incoming_ ABSL_GUARDED_BY(mutex_);  // by SHA-256
  std::map<std::string, Kept> kept_ ABSL_GUARDED_BY(mutex_);
  std::list<std::string> uses_ ABSL_GUARDED_BY(mutex_);  // longest unused first
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;           // of kept_
};

}  // namespace hanga
