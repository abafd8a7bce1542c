// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The supervisor's loop; what happens to a process is in supervised_processes.cc.
#include "server/supervisor.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "server/steady_time.h"
#include "server/supervised_worker.h"

namespace hanga {

absl::StatusOr<std::unique_ptr<Supervisor>> Supervisor::Start(SupervisorOptions options,
                                                              Report report) {
  std::unique_ptr<Supervisor> supervisor(new Supervisor(std::move(options), std::move(report)));
  if (!supervisor->epoll_.valid() || !supervisor->wake_.valid()) {
    return absl::ErrnoToStatus(errno, "cannot watch processes");
  }
  supervisor->WatchFd(supervisor->wake_.get(), nullptr);
  supervisor->thread_ = std::thread([s = supervisor.get()] { s->Loop(); });
  return supervisor;
}

Supervisor::Supervisor(SupervisorOptions options, Report report)
    : options_(std::move(options)),
      report_(std::move(report)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  for (const SupervisedWorker& worker : options_.workers) {
    slots_.push_back(
        std::make_unique<Slot>(Slot{.worker = worker, .policy = RestartPolicy(options_.restart)}));
  }
}

Supervisor::~Supervisor() {
  {
    absl::MutexLock lock(&mutex_);
    leave_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
}

void Supervisor::Release(const std::string& worker_id) {
  {
    absl::MutexLock lock(&mutex_);
    releases_.push_back(worker_id);
  }
  Wake();
}

void Supervisor::Kill(const std::string& worker_id, const std::string& why) {
  {
    absl::MutexLock lock(&mutex_);
    kills_[worker_id] = why;
  }
  Wake();
}

void Supervisor::Stop(absl::Duration grace) {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
    kill_time_ = std::min(kill_time_, absl::Now() + grace);
  }
  Wake();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&stopped_));
}

void Supervisor::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
}

void Supervisor::Loop() {
  for (auto& slot : slots_) {
    auto adopted = LocalProcess::Adopt(FilesOf(slot->worker.id));
    if (!adopted.ok()) {
      OnFailure(*slot, std::string(adopted.status().message()), absl::ZeroDuration());
    } else if (adopted->has_value()) {
      slot->process = *std::move(*adopted);
      Watch(*slot);
      spdlog::info("worker adopted worker={} pid={}", slot->worker.id, slot->process->pid());
    }
  }
  AdoptStrays();
  while (true) {
    StartDue();
    {
      absl::MutexLock lock(&mutex_);
      if (leave_) break;
      if (stop_ && !AnyRunning()) {
        stopped_ = true;
        break;
      }
    }
    std::array<epoll_event, 16> events;
    const absl::Duration wait = NextDue();
    const int timeout = wait == absl::InfiniteDuration()
                            ? -1
                            : static_cast<int>(absl::ToInt64Milliseconds(std::max(
                                  absl::Ceil(wait, absl::Milliseconds(1)), absl::ZeroDuration())));
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), timeout);
    HandleCommands();
    for (int i = 0; i < count; ++i) {
      if (auto* slot = static_cast<Slot*>(events[i].data.ptr)) ReadOutput(*slot);
    }
    // One look at every process: an event says only that some slot has news.
    for (auto& slot : slots_) {
      if (slot->process && slot->process->HasEnded()) OnEnded(*slot);
    }
  }
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

void Supervisor::WatchFd(int fd, Slot* slot) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = slot}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Supervisor::HandleCommands() {
  uint64_t ignored;
  (void)!read(wake_.get(), &ignored, sizeof ignored);
  std::vector<std::string> releases;
  std::map<std::string, std::string> kills;
  bool stop, kill;
  {
    absl::MutexLock lock(&mutex_);
    releases.swap(releases_);
    kills.swap(kills_);
    stop = stop_;
    kill = absl::Now() >= kill_time_;
  }
  for (auto& slot : slots_) {
    for (const std::string& id : releases) {
      if (id != slot->worker.id || slot->process) continue;
      slot->policy.Reset();
      slot->due = absl::ZeroDuration();
    }
    if (const auto hung = kills.find(slot->worker.id); hung != kills.end() && slot->process) {
      slot->killed_because = hung->second;
      slot->process->Signal(SIGKILL);
    }
    if (stop && !stopping_ && slot->process) slot->process->Signal(SIGTERM);
    if (kill && !killed_ && slot->process) slot->process->Signal(SIGKILL);
  }
  stopping_ = stop;
  killed_ = kill;
}

void Supervisor::StartDue() {
  for (auto& slot : slots_) {
    if (!stopping_ && !slot->stray && !slot->process && SteadyNow() >= slot->due) Launch(*slot);
  }
}

absl::Duration Supervisor::NextDue() {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& slot : slots_) {
    if (slot->process || slot->stray || stopping_) continue;
    next = std::min(next, slot->due - SteadyNow());
  }
  absl::MutexLock lock(&mutex_);
  if (stopping_ && !killed_) next = std::min(next, kill_time_ - absl::Now());
  return next;
}

bool Supervisor::AnyRunning() const {
  for (const auto& slot : slots_) {
    if (slot->process) return true;
  }
  return false;
}

}  // namespace hanga
