// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How processes begin, speak and end, and what the supervisor makes of it.
#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/steady_time.h"
#include "server/supervised_worker.h"

namespace hanga {

ProcessFiles Supervisor::FilesOf(const std::string& id) const {
  return {absl::StrCat(options_.folder, "/", id, ".pid"),
          absl::StrCat(options_.folder, "/", id, ".output")};
}

void Supervisor::Launch(Slot& slot) {
  slot.output.Clear();
  slot.started = SteadyNow();
  auto process = LocalProcess::Start(FilesOf(slot.worker.id), slot.worker.arguments);
  if (!process.ok()) {
    return OnFailure(slot, std::string(process.status().message()), absl::ZeroDuration());
  }
  slot.process = *std::move(process);
  Watch(slot);
  spdlog::info("worker started worker={} pid={}", slot.worker.id, slot.process->pid());
}

void Supervisor::Watch(Slot& slot) {
  slot.started = SteadyNow();
  WatchFd(slot.process->output_fd(), &slot);
  WatchFd(slot.process->exit_fd(), &slot);
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
    auto adopted = LocalProcess::Adopt(FilesOf(id));
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

}  // namespace hanga
