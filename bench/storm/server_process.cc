// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/storm/server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

extern char** environ;

namespace hanga::bench {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kStartTime = absl::Seconds(60);

// What can be read of it: the process that a file of /proc is about may end meanwhile.
std::string Contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void WriteModel(const fs::path& folder, const std::string& members) {
  fs::create_directories(folder);
  std::ofstream(folder / "model_index.json")
      << "{\"_class_name\": \"HangaNoopPipeline\", " << members << "}\n";
}

std::string Configuration(const ServerSettings& settings) {
  std::string devices;
  for (int i = 0; i < settings.workers; ++i) {
    absl::StrAppend(&devices, i == 0 ? "" : ", ", "\"cpu:", i, "\"");
  }
  std::string text =
      absl::StrCat("[server]\ndata = \"", settings.data, "\"\ngrace = \"5s\"\n", settings.server,
                   "\n[workers]\ndevices = [", devices, "]\nprogram = \"", settings.bin, "/",
                   settings.worker_program, "\"\nthreads = 1\nheartbeat = \"",
                   absl::FormatDuration(settings.heartbeat), "\"\nlease = \"",
                   absl::FormatDuration(settings.lease),
                   // Crashes are the point: nobody is quarantined for long.
                   "\"\nrestart_least = \"10ms\"\nrestart_most = \"50ms\"\ncrash_limit = 1000\n"
                   "crash_window = \"1s\"\nquarantine = \"1s\"\n[queue]\nmax_attempts = 30\n",
                   settings.more, "\n");
  for (const char* model : {"flow", "broken"}) {
    absl::StrAppend(&text, "[[model]]\nname = \"", model, "\"\npath = \"models/", model, "\"\n");
  }
  return text;
}

}  // namespace

ProcessUse UseOf(pid_t pid) {
  const fs::path folder = absl::StrCat("/proc/", pid);
  ProcessUse use;
  std::ifstream status(folder / "status");
  for (std::string key; status >> key;) {
    if (key == "VmRSS:") {
      status >> use.resident_bytes;
      use.resident_bytes *= 1024;
    } else if (key == "Threads:") {
      status >> use.threads;
    }
  }
  std::error_code error;
  for (fs::directory_iterator it(folder / "fd", error), end; !error && it != end;
       it.increment(error)) {
    ++use.descriptors;
  }
  return use;
}

ServerProcess::ServerProcess(ServerSettings settings)
    : settings_(std::move(settings)), address_(settings_.listen) {
  const fs::path folder = settings_.folder;
  WriteModel(folder / "models/flow", "\"step_ms\": 2, \"default_steps\": 6");
  WriteModel(folder / "models/broken", "\"step_ms\": 1, \"fail\": \"step\"");
  std::ofstream(folder / "hangad.toml") << Configuration(settings_);
}

ServerProcess::~ServerProcess() {
  Kill();
  for (const pid_t worker : workers()) kill(worker, SIGKILL);
}

pid_t ServerProcess::Spawn(const std::vector<std::string>& command,
                           const std::string& output) const {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t pid = -1;
  if (posix_spawn(&pid, arguments[0], &files, nullptr, arguments.data(), environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&files);
  return pid;
}

absl::Status ServerProcess::Start() {
  const std::string port_file = settings_.folder + "/port";
  fs::remove(port_file);
  pid_ = Spawn({settings_.bin + "/hangad", "--config", settings_.folder + "/hangad.toml",
                "--listen", address_, "--port-file", port_file},
               settings_.folder + "/hangad.log");
  if (pid_ < 0) return absl::NotFoundError(settings_.bin + "/hangad cannot be run");
  const absl::Time deadline = absl::Now() + kStartTime;
  while (absl::Now() < deadline) {
    const std::string port = Contents(port_file);
    if (!port.empty() && port.back() == '\n') {
      address_ = absl::StrCat("127.0.0.1:", port.substr(0, port.size() - 1));
      return absl::OkStatus();
    }
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return absl::UnavailableError(
          absl::StrCat("hangad ended at its start, ",
                       WIFEXITED(status) ? absl::StrCat("exit code ", WEXITSTATUS(status))
                                         : absl::StrCat("signal ", WTERMSIG(status)),
                       ":\n", EndOfLog()));
    }
    absl::SleepFor(absl::Milliseconds(2));
  }
  return absl::DeadlineExceededError("hangad does not serve after a minute:\n" + EndOfLog());
}

void ServerProcess::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

absl::StatusOr<int> ServerProcess::Stop(absl::Duration patience) {
  Signal(SIGTERM);
  const absl::Time deadline = absl::Now() + patience;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) != pid_) {
    if (absl::Now() > deadline) return absl::DeadlineExceededError("hangad does not end");
    absl::SleepFor(absl::Milliseconds(5));
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

absl::StatusOr<int> ServerProcess::CheckStore(std::string* report) {
  const std::string output = settings_.folder + "/check-store.log";
  const pid_t pid =
      Spawn({settings_.bin + "/hangad", "check-store", "--data", settings_.data}, output);
  if (pid < 0) return absl::NotFoundError(settings_.bin + "/hangad cannot be run");
  int status = 0;
  waitpid(pid, &status, 0);
  *report = Contents(output);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<pid_t> ServerProcess::workers() const {
  std::vector<pid_t> found;
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const pid_t pid = std::atoi(it->path().filename().c_str());
    if (pid <= 0 || pid == pid_) continue;
    const std::string command = Contents(it->path() / "cmdline");
    if (command.find(settings_.worker_program) != std::string::npos &&
        command.find(settings_.data) != std::string::npos) {
      found.push_back(pid);
    }
  }
  return found;
}

std::string ServerProcess::EndOfLog() const {
  const std::string log = Contents(settings_.folder + "/hangad.log");
  return log.size() <= 2000 ? log : log.substr(log.size() - 2000);
}

}  // namespace hanga::bench
