// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/job_queue.h"

#include <algorithm>

namespace hanga {
namespace {

constexpr size_t kChunk = 512;

}  // namespace

void QueueLine::Set(const QueueKey& key, uint32_t tasks) {
  // The first chunk whose last entry is not before the key.
  auto chunk =
      std::lower_bound(chunks_.begin(), chunks_.end(), key,
                       [](const Chunk& c, const QueueKey& k) { return c.entries.back().key < k; });
  if (chunk == chunks_.end()) {
    if (tasks == 0) return;
    if (chunks_.empty() || chunks_.back().entries.size() >= kChunk) chunks_.emplace_back();
    chunk = chunks_.end() - 1;
  }
  auto entry = std::lower_bound(chunk->entries.begin(), chunk->entries.end(), key,
                                [](const Entry& e, const QueueKey& k) { return e.key < k; });
  const bool found = entry != chunk->entries.end() && entry->key == key;
  const uint32_t before = found ? entry->tasks : 0;
  if (found && tasks != 0) {
    entry->tasks = tasks;
  } else if (found) {
    chunk->entries.erase(entry);
  } else if (tasks != 0) {
    chunk->entries.insert(entry, {key, tasks});
  }
  chunk->tasks += tasks;
  chunk->tasks -= before;
  tasks_ += tasks;
  tasks_ -= before;
  if (chunk->entries.empty()) {
    chunks_.erase(chunk);
  } else if (chunk->entries.size() > 2 * kChunk) {
    Chunk upper;
    upper.entries.assign(chunk->entries.begin() + kChunk, chunk->entries.end());
    chunk->entries.resize(kChunk);
    for (const Entry& e : upper.entries) upper.tasks += e.tasks;
    chunk->tasks -= upper.tasks;
    chunks_.insert(chunk + 1, std::move(upper));
  }
}

uint64_t QueueLine::TasksBefore(const QueueKey& key) const {
  uint64_t tasks = 0;
  for (const Chunk& chunk : chunks_) {
    if (chunk.entries.back().key < key) {
      tasks += chunk.tasks;
      continue;
    }
    for (const Entry& entry : chunk.entries) {
      if (!(entry.key < key)) return tasks;
      tasks += entry.tasks;
    }
  }
  return tasks;
}

void JobQueue::Set(const LineId& id, const QueueKey& key, uint32_t tasks) {
  QueueLine& line = lines_[id];
  const uint64_t before = line.tasks();
  line.Set(key, tasks);
  uint64_t& of_tenant = tenant_tasks_[id.tenant];
  of_tenant += line.tasks() - before;
  tasks_ += line.tasks() - before;
  if (line.tasks() == 0) lines_.erase(id);
  if (of_tenant == 0) tenant_tasks_.erase(id.tenant);
}

uint64_t JobQueue::TasksOf(uint32_t tenant) const {
  const auto it = tenant_tasks_.find(tenant);
  return it == tenant_tasks_.end() ? 0 : it->second;
}

}  // namespace hanga
