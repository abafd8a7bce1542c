// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Ends calls from another thread.
#pragma once

#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace grpc {
class ClientContext;
}

namespace hanga::client {

// Once triggered it stays so: calls under it end with CANCELLED, and new ones do not begin.
// Outlives the calls that it was given to. Thread-safe.
class Interrupt {
 public:
  Interrupt() = default;
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void Trigger();
  bool triggered() const;
  // Returns early, with true, when triggered.
  bool WaitFor(absl::Duration timeout) const;

  // Puts one call under an interrupt, which may be null, for as long as it lives.
  class Scope {
   public:
    Scope(Interrupt* interrupt, grpc::ClientContext* call);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Interrupt* const interrupt_;
    grpc::ClientContext* const call_;
  };

 private:
  mutable absl::Mutex mutex_;
  bool triggered_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hanga::client
