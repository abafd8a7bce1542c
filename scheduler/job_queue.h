// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The waiting tasks in the order of assignment, indexed so that neither a dispatch nor a queue
// position looks at all of them. A line holds the jobs of one (class, tenant, model), by due time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "scheduler/job_name.h"

namespace hanga {

struct QueueKey {
  int64_t due_us = 0;  // what is due first goes first
  JobId job = 0;
  friend auto operator<=>(const QueueKey&, const QueueKey&) = default;
};

// A sorted sequence in chunks: insertion, removal and ranks cost the square root of its length at
// most, and an entry 24 bytes. Not thread-safe.
class QueueLine {
 public:
  // Sets how many tasks of a job wait; 0 removes it.
  void Set(const QueueKey& key, uint32_t tasks);

  uint64_t tasks() const { return tasks_; }
  uint64_t TasksBefore(const QueueKey& key) const;

  // Jobs in order until `visit` says false.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (const Chunk& chunk : chunks_) {
      for (const Entry& entry : chunk.entries) {
        if (!visit(entry.key, entry.tasks)) return;
      }
    }
  }

 private:
  struct Entry {
    QueueKey key;
    uint32_t tasks;
  };
  struct Chunk {
    std::vector<Entry> entries;  // never empty
    uint64_t tasks = 0;
  };
  std::vector<Chunk> chunks_;
  uint64_t tasks_ = 0;
};

struct LineId {
  uint8_t priority_class = 0;
  uint32_t tenant = 0, model = 0;
  friend auto operator<=>(const LineId&, const LineId&) = default;
};

// Not thread-safe.
class JobQueue {
 public:
  void Set(const LineId& line, const QueueKey& key, uint32_t tasks);

  uint64_t tasks() const { return tasks_; }
  uint64_t TasksOf(uint32_t tenant) const;

  // Tasks that will probably be assigned before the job's first: those of higher classes, of its
  // tenant those due earlier, of the other tenants as many as their share is in that time.
  // `weight` gives a tenant's share.
  template <typename Weight>
  uint64_t Position(const LineId& line, const QueueKey& key, Weight&& weight) const {
    uint64_t own = 0, higher = 0;
    std::map<uint32_t, uint64_t> others;
    for (const auto& [id, entries] : lines_) {
      if (id.priority_class > line.priority_class) {
        higher += entries.tasks();
      } else if (id.priority_class == line.priority_class) {
        if (id.tenant == line.tenant) {
          own += entries.TasksBefore(key);
        } else {
          others[id.tenant] += entries.tasks();
        }
      }
    }
    double ahead = static_cast<double>(higher + own);
    for (const auto& [tenant, tasks] : others) {
      const double share = static_cast<double>(own) * weight(tenant) / weight(line.tenant);
      ahead += std::min(share, static_cast<double>(tasks));
    }
    return static_cast<uint64_t>(ahead);
  }

  // Every line that is not empty, higher classes first.
  const std::map<LineId, QueueLine, std::greater<>>& lines() const { return lines_; }

 private:
  std::map<LineId, QueueLine, std::greater<>> lines_;
  std::map<uint32_t, uint64_t> tenant_tasks_;
  uint64_t tasks_ = 0;
};

}  // namespace hanga
