// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/local_workers.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "server/devices.h"

namespace hanga {
namespace {

absl::StatusOr<std::string> FindProgram(const std::string& configured) {
  std::error_code error;
  std::string program = configured;
  if (program.empty()) {
    program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "hanga-worker";
  }
  if (access(program.c_str(), X_OK) != 0) {
    return absl::NotFoundError(absl::StrCat(
        "the worker's program ", program,
        " is missing or not executable; build it (`ninja hanga-worker`), set workers.program or "
        "--worker-program, or write devices = [] to use remote workers alone"));
  }
  return program;
}

// The token in `path`, a new one where the file is missing or empty.
absl::StatusOr<std::string> KeepToken(const std::string& path) {
  std::string token;
  if (std::ifstream(path) >> token) return token;
  token = NewToken();
  const FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const std::string line = token + "\n";
  if (!file.valid() ||
      write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return token;
}

int64_t ThreadsOf(const Config& config, const std::vector<std::string>& devices) {
  if (config.workers.threads > 0) return config.workers.threads;
  const auto cpus = std::max<int64_t>(1, std::count_if(devices.begin(), devices.end(), &IsCpu));
  return std::max<int64_t>(1, std::thread::hardware_concurrency() / cpus);
}

}  // namespace

absl::StatusOr<LocalWorkers> PrepareLocalWorkers(const Config& config,
                                                 const std::string& data_folder) {
  LocalWorkers local;
  const std::string run = absl::StrCat(data_folder, "/run");
  local.socket = absl::StrCat(run, "/link.sock");
  if (mkdir(run.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make the folder ", run));
  }
  local.supervision.folder = run;
  local.supervision.restart = {.least = config.workers.restart_least,
                               .most = config.workers.restart_most,
                               .crash_limit = static_cast<int>(config.workers.crash_limit),
                               .crash_window = config.workers.crash_window,
                               .quarantine = config.workers.quarantine};
  auto devices = ParseDevices(config.workers.devices);
  if (!devices.ok()) return devices.status();
  if (devices->empty()) return local;
  auto program = FindProgram(config.workers.program);
  if (!program.ok()) return program.status();

  for (const std::string& device : *devices) {
    const std::string id = LocalWorkerId(device);
    const std::string token_file = absl::StrCat(run, "/", id, ".token");
    auto token = KeepToken(token_file);
    if (!token.ok()) return token.status();
    local.ids.insert(id);
    local.tokens.Add(*token, {.role = Role::kWorker, .tenant = "", .worker_id = id});
    std::vector<std::string> arguments = {
        *program,
        "--scheduler",
        absl::StrCat("unix:", local.socket),
        "--device",
        device,
        "--id",
        id,
        "--token-file",
        token_file,
        "--log-level",
        config.log.level,
        "--log-format",
        config.log.format,
        "--away-timeout",
        absl::StrCat(absl::ToInt64Seconds(absl::Ceil(config.workers.away, absl::Seconds(1))))};
    if (IsCpu(device)) {
      arguments.insert(arguments.end(), {"--threads", absl::StrCat(ThreadsOf(config, *devices))});
    }
    local.supervision.workers.push_back({id, device, std::move(arguments)});
  }
  return local;
}

}  // namespace hanga
