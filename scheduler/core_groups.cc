// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Workers put together for models that one of them does not run alone.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "scheduler/core.h"
#include "scheduler/session.h"

namespace hanga {
namespace {

// How long the ranks may take to find each other; they give up earlier themselves.
constexpr absl::Duration kMeeting = absl::Seconds(60);
// A worker that broke a group by not answering must be heard of again before it joins another, and
// one that was merely unlucky is not put together with the same at once.
constexpr absl::Duration kBeforeNextGroup = absl::Milliseconds(200);
constexpr size_t kSecretBytes = 32;

// "cuda" of "cuda:1": ranks of a group compute alike.
std::string KindOf(const WorkerRecord& worker) {
  const std::string& id = worker.hello.device().id();
  return id.substr(0, id.find(':'));
}

}  // namespace

bool Core::MayRun(uint32_t model, const WorkerRecord& worker) const {
  return models_.UsableOn(model, worker.id) &&
         (models_.group_size(model) <= 1 ||
          (worker.seat.leads() && worker.seat.size == models_.group_size(model)));
}

bool Core::MayJoin(const WorkerRecord& worker) const {
  const bool serves = worker.connected_now() && worker.healthy && !worker.draining &&
                      !worker.drain_sent && !worker.quarantined;
  if (!serves || worker.seat.group != 0 || worker.hello.group_address().empty()) return false;
  if (worker.suspected && worker.last_heard <= worker.left_group) return false;
  if (worker.suspected || worker.left_group > absl::ZeroDuration()) {
    if (Elapsed() - worker.left_group < kBeforeNextGroup) return false;
  }
  for (uint32_t i = 0; i < models_.size(); ++i) {
    if (models_.offered(i) && models_.group_size(i) > 1 && models_.UsableOn(i, worker.id)) {
      return true;
    }
  }
  return false;
}

void Core::TendGroups() {
  const uint32_t size = models_.largest_group();
  std::vector<std::pair<uint64_t, std::string>> broken;
  for (auto& [number, group] : groups_) {
    if (group.told && !group.all_ready() && Elapsed() - group.formed > kMeeting) {
      broken.emplace_back(number, "its workers did not find each other");
      continue;
    }
    const bool ill = std::any_of(group.workers.begin(), group.workers.end(), [&](const auto& id) {
      const WorkerRecord& worker = workers_.at(id);
      return worker.draining || worker.quarantined || !worker.healthy;
    });
    if (ill || group.workers.size() != size) {
      if (group.told) {
        DissolveGroup(group);
      } else {
        broken.emplace_back(number, "a member leaves before it has met");
        continue;
      }
    }
    if (group.dissolving && workers_.at(group.leader()).tasks.empty()) {
      broken.emplace_back(number, "it is not needed any more");
    }
  }
  for (const auto& [number, why] : broken) BreakGroup(number, why);
  if (size > 1 && !draining_) FormGroups(size);
  for (auto& [number, group] : groups_) {
    const bool idle = std::all_of(group.workers.begin(), group.workers.end(),
                                  [&](const auto& id) { return workers_.at(id).tasks.empty(); });
    if (!group.told && idle) TellGroup(group);
  }
}

// Workers of one kind, those of one host together.
void Core::FormGroups(uint32_t size) {
  std::vector<WorkerRecord*> free;
  for (auto& [id, worker] : workers_) {
    if (MayJoin(worker)) free.push_back(&worker);
  }
  std::sort(free.begin(), free.end(), [](const WorkerRecord* a, const WorkerRecord* b) {
    return std::tuple(KindOf(*a), a->hello.host(), a->id) <
           std::tuple(KindOf(*b), b->hello.host(), b->id);
  });
  for (size_t first = 0; first + size <= free.size();) {
    if (KindOf(*free[first]) != KindOf(*free[first + size - 1])) {
      ++first;
      continue;
    }
    WorkerGroup group;
    group.number = store_->epoch() << 32 | next_group_++;
    group.formed = Elapsed();
    group.ready.assign(size, 0);
    for (uint32_t rank = 0; rank < size; ++rank) {
      WorkerRecord& worker = *free[first + rank];
      worker.seat = {group.number, rank, size, false, false};
      group.workers.push_back(worker.id);
    }
    first += size;
    groups_[group.number] = std::move(group);
    NoteReadiness();
  }
}

void Core::TellGroup(WorkerGroup& group) {
  v1::SetGroup set;
  set.set_group(group.number);
  for (const std::string& id : group.workers) {
    const WorkerRecord& worker = workers_.at(id);
    if (!worker.connected_now()) return;  // it comes back, or is lost
    v1::GroupMember& member = *set.add_members();
    member.set_worker("workers/" + id);
    member.set_address(worker.hello.group_address());
    *member.mutable_device() = worker.hello.device();
  }
  std::string secret;
  while (secret.size() < kSecretBytes) {
    const uint64_t token = tokens_.Draw();
    secret.append(reinterpret_cast<const char*>(&token), sizeof(token));
  }
  set.set_secret(std::move(secret));
  group.told = true;
  group.formed = Elapsed();
  for (const std::string& id : group.workers) {
    WorkerRecord& worker = workers_.at(id);
    set.set_rank(worker.seat.rank);
    v1::AttachResponse response;
    *response.mutable_set_group() = set;
    worker.sink->Send(std::move(response));
  }
  spdlog::info("group formed workers={}", absl::StrJoin(group.workers, ","));
}

// No new tasks; what its leader holds is finished, or saved when the grace is over.
void Core::DissolveGroup(WorkerGroup& group) {
  if (std::exchange(group.dissolving, true)) return;
  absl::Duration grace = absl::Seconds(60);
  for (const std::string& id : group.workers) {
    WorkerRecord& worker = workers_.at(id);
    worker.seat.dissolving = true;
    if (worker.draining) grace = std::min(grace, worker.drain_grace);
  }
  WorkerRecord& leader = workers_.at(group.leader());
  leader.drain_grace = grace;
  if (leader.connected_now() && !leader.drain_sent) TellDrain(leader);
  NoteReadiness();
}

void Core::BreakGroup(uint64_t number, absl::string_view why, int suspect) {
  const auto found = groups_.find(number);
  if (found == groups_.end()) return;
  const WorkerGroup group = std::move(found->second);
  groups_.erase(found);
  spdlog::info("group ends workers={}: {}", absl::StrJoin(group.workers, ","), std::string(why));
  for (size_t rank = 0; rank < group.workers.size(); ++rank) {
    WorkerRecord& worker = workers_.at(group.workers[rank]);
    worker.seat = {};
    worker.left_group = Elapsed();
    worker.suspected = static_cast<int>(rank) == suspect;
    if (!group.told || !worker.connected_now()) continue;
    v1::AttachResponse response;
    response.mutable_set_group();
    worker.sink->Send(std::move(response));
  }
  LoseGroupTasks(workers_.at(group.leader()), why);
  NoteReadiness();
  Wake();
}

// Of models that the group ran; the leader goes on with what it runs alone.
void Core::LoseGroupTasks(WorkerRecord& leader, absl::string_view why) {
  const auto tasks = leader.tasks;
  for (const auto& [id, index] : tasks) {
    LiveJob* job = FindLive(id);
    if (job == nullptr || job->ending || models_.group_size(job->model) <= 1) continue;
    const Task& task = job->run->tasks[index];
    v1::JobError error;
    error.set_reason("GROUP_LOST");
    error.set_message(absl::StrCat("its group of workers broke: ", why));
    error.set_worker("workers/" + leader.id);
    EndAttempt(*job, index, task.sent ? AttemptOutcome::kLost : AttemptOutcome::kRefused,
               std::move(error), /*retryable=*/true, nullptr);
  }
}

void Core::LeaveGroup(const WorkerRecord& worker, absl::string_view why) {
  if (worker.seat.group == 0) return;
  BreakGroup(worker.seat.group, absl::StrCat("workers/", worker.id, ": ", why));
}

void Core::OnGroupReport(Session& session, const v1::GroupReport& report) {
  absl::MutexLock lock(&mu_);
  WorkerRecord& worker = workers_[session.worker_id()];
  const auto found = groups_.find(report.group());
  if (found == groups_.end() || worker.seat.group != report.group()) return;  // of an earlier one
  WorkerGroup& group = found->second;
  if (!report.ready()) {
    const bool named = report.has_suspect() && report.suspect() < group.workers.size();
    BreakGroup(report.group(),
               absl::StrCat("workers/", worker.id,
                            " says: ", report.problem().empty() ? "it failed" : report.problem()),
               named ? static_cast<int>(report.suspect()) : -1);
    return;
  }
  group.ready[worker.seat.rank] = 1;
  if (!group.all_ready()) return;
  for (const std::string& id : group.workers) workers_.at(id).seat.ready = true;
  NoteReadiness();
  Wake();
}

void Core::DescribeGroup(const WorkerRecord& worker, v1::Worker* out) const {
  const auto found = groups_.find(worker.seat.group);
  if (found == groups_.end()) return;
  v1::WorkerGroup& group = *out->mutable_group();
  group.set_number(found->first);
  group.set_rank(worker.seat.rank);
  group.set_ready(worker.seat.ready);
  for (const std::string& id : found->second.workers) group.add_workers("workers/" + id);
}

}  // namespace hanga
