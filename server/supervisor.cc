// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/supervisor.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/local_process.h"
#include "server/output_tail.h"
#include "server/steady_time.h"

namespace hanga {

struct Supervisor::Slot {
  SupervisedWorker worker;
  RestartPolicy policy;
  std::optional<LocalProcess> process;
  OutputTail output;
  absl::Duration started, due;  // steady; `due` while there is no process
  uint32_t restarts = 0;
  bool stray = false;          // of a device that is not configured: never started
  std::string killed_because;  // empty: it was not
};

namespace {

// What an epoll event is about: a slot's output or its process.
void WatchFd(int epoll, int fd, void* slot) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = slot}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

ProcessFiles FilesOf(const std::string& folder, const std::string& id) {
  return {absl::StrCat(folder, "/", id, ".pid"), absl::StrCat(folder, "/", id, ".output")};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Supervisor>> Supervisor::Start(SupervisorOptions options,
                                                              Report report) {
  std::unique_ptr<Supervisor> supervisor(new Supervisor(std::move(options), std::move(report)));
  if (!supervisor->epoll_.valid() || !supervisor->wake_.valid()) {
    return absl::ErrnoToStatus(errno, "cannot watch processes");
  }
  WatchFd(supervisor->epoll_.get(), supervisor->wake_.get(), nullptr);
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
    auto adopted = LocalProcess::Adopt(FilesOf(options_.folder, slot->worker.id));
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

void Supervisor::Launch(Slot& slot) {
  slot.output.Clear();
  slot.started = SteadyNow();
  auto process =
      LocalProcess::Start(FilesOf(options_.folder, slot.worker.id), slot.worker.arguments);
  if (!process.ok()) {
    return OnFailure(slot, std::string(process.status().message()), absl::ZeroDuration());
  }
  slot.process = *std::move(process);
  Watch(slot);
  spdlog::info("worker started worker={} pid={}", slot.worker.id, slot.process->pid());
}

void Supervisor::Watch(Slot& slot) {
  slot.started = SteadyNow();
  WatchFd(epoll_.get(), slot.process->output_fd(), &slot);
  WatchFd(epoll_.get(), slot.process->exit_fd(), &slot);
  if (!slot.stray) Tell(slot, v1::WORKER_STATE_STARTING, "");
}

void Supervisor::ReadOutput(Slot& slot) {
  if (!slot.process) return;
  std::array<char, 16384> buffer;
  ssize_t count;
  // Bounded, so that a worker that never stops writing does not keep the loop.
  for (int i = 0; i < 64; ++i) {
    count = read(slot.process->output_fd(), buffer.data(), buffer.size());
    if (count <= 0) return;
    slot.output.Append(absl::string_view(buffer.data(), static_cast<size_t>(count)),
                       [&slot](const std::string& line) {
                         spdlog::info("worker said worker={} line=\"{}\"", slot.worker.id, line);
                       });
  }
}

void Supervisor::OnEnded(Slot& slot) {
  ReadOutput(slot);
  const LocalProcess::Exit exit = slot.process->Reap();
  const absl::Duration lived = SteadyNow() - slot.started;
  const std::string why = std::exchange(slot.killed_because, "");
  std::string problem =
      absl::StrCat("the worker's process ", why, why.empty() ? "" : " and ", exit.description);
  if (const std::string last = slot.output.LastLine(); !exit.clean && !last.empty()) {
    absl::StrAppend(&problem, ": ", last);
  }
  const pid_t pid = slot.process->pid();
  // Explicitly: a grandchild that still holds the FIFO would keep it in the set.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, slot.process->output_fd(), nullptr);
  slot.process.reset();
  spdlog::log(stopping_ ? spdlog::level::info : spdlog::level::warn,
              "worker ended worker={} pid={} problem=\"{}\"", slot.worker.id, pid, problem);
  if (slot.stray || stopping_) return;
  ++slot.restarts;
  if (!exit.clean) return OnFailure(slot, problem, lived);
  slot.due = SteadyNow() + options_.restart.least;
  Tell(slot, v1::WORKER_STATE_BACKING_OFF, problem);
}

void Supervisor::OnFailure(Slot& slot, const std::string& problem, absl::Duration lived) {
  const RestartPolicy::Decision decision = slot.policy.OnCrash(SteadyNow(), lived);
  slot.due = SteadyNow() + decision.delay;
  if (decision.quarantined) {
    spdlog::error("worker quarantined worker={} for={} problem=\"{}\"", slot.worker.id,
                  absl::FormatDuration(decision.delay), problem);
    Tell(slot, v1::WORKER_STATE_QUARANTINED,
         absl::StrCat(problem, "; it ended ", options_.restart.crash_limit, " times in ",
                      absl::FormatDuration(options_.restart.crash_window),
                      " and rests until retry_time: fix the cause, then `hanga workers undrain ",
                      slot.worker.id, "`"));
  } else {
    spdlog::warn("worker backs off worker={} for={} problem=\"{}\"", slot.worker.id,
                 absl::FormatDuration(decision.delay), problem);
    Tell(slot, v1::WORKER_STATE_BACKING_OFF, problem);
  }
}

void Supervisor::AdoptStrays() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    if (entry.path().extension() != ".pid") continue;
    const std::string id = entry.path().stem();
    bool known = false;
    for (const auto& slot : slots_) known = known || slot->worker.id == id;
    if (known) continue;
    auto adopted = LocalProcess::Adopt(FilesOf(options_.folder, id));
    if (!adopted.ok() || !adopted->has_value()) continue;
    auto slot = std::make_unique<Slot>(
        Slot{.worker = {.id = id}, .policy = RestartPolicy(options_.restart), .stray = true});
    slot->process = *std::move(*adopted);
    spdlog::warn("worker of a device that is not configured is told to end worker={} pid={}", id,
                 slot->process->pid());
    slot->process->Signal(SIGTERM);
    Watch(*slot);
    slots_.push_back(std::move(slot));
  }
}

void Supervisor::Tell(const Slot& slot, v1::WorkerState state, const std::string& problem) {
  WorkerProcess process;
  process.worker_id = slot.worker.id;
  process.state = state;
  process.pid = slot.process ? static_cast<uint32_t>(slot.process->pid()) : 0;
  process.restarts = slot.restarts;
  process.problem = problem;
  process.device.set_id(slot.worker.device);
  if (!slot.process) {
    process.stderr_tail = slot.output.Text();
    process.retry_time = absl::Now() + (slot.due - SteadyNow());
  }
  report_(process);
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
