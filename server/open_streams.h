// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The streams to clients that are open, so that a server that ends can tell each of them.
#pragma once

#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace hanga {

class OpenStream {
 public:
  virtual ~OpenStream() = default;
  virtual void EndForShutdown() = 0;  // UNAVAILABLE; returns at once
};

// Thread-safe.
class OpenStreams {
 public:
  // A stream that comes after EndAll() is told at once.
  void Add(const std::shared_ptr<OpenStream>& stream);
  void Remove(OpenStream* stream);
  void EndAll();

 private:
  absl::Mutex mutex_;
  std::map<OpenStream*, std::weak_ptr<OpenStream>> streams_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace hanga
