// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hangad: the scheduler daemon.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "absl/synchronization/mutex.h"
#include "logging/log.h"
#include "server/command_line.h"
#include "server/commands.h"
#include "server/signals.h"

namespace {

constexpr int kUsage = 2;

// A file opened later never becomes standard input, output or error.
void FillStandardDescriptors() {
  int fd;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) close(fd);
}

// A connection is a descriptor, and the soft limit is often 1,024.
void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Debian's Abseil follows the order of all locks at run time, gRPC's included: a few percent of
// every call. Tests keep it.
void StopWatchingLockOrder() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace

int main(int argc, char** argv) {
  FillStandardDescriptors();
  const hanga::ParsedCommandLine parsed = hanga::ParseCommandLine(argc, argv);
  if (!parsed.run) return parsed.exit_code;
  const hanga::CommandLine& line = parsed.line;
  switch (line.command) {
    case hanga::Command::kCheckConfig:
      return hanga::CheckConfigCommand(line);
    case hanga::Command::kCheckStore:
      return hanga::CheckStoreCommand(line.config);
    case hanga::Command::kHashToken:
      return hanga::HashTokenCommand();
    case hanga::Command::kRun:
      break;
  }
  RaiseDescriptorLimit();
  StopWatchingLockOrder();
  hanga::StopSignals signals;
  const auto& log = line.config.log;
  if (const auto status = hanga::StartLogging("hangad", log.level, log.format); !status.ok()) {
    std::fprintf(stderr, "hangad: %s\n", std::string(status.message()).c_str());
    return kUsage;
  }
  const auto read_again = [argc, argv]() -> absl::StatusOr<hanga::Config> {
    const hanga::ParsedCommandLine again = hanga::ParseCommandLine(argc, argv);
    if (again.run) return again.line.config;
    return absl::InvalidArgumentError(
        "the configuration has errors, see above; the models stay as they were");
  };
  return hanga::RunDaemon(line.config, read_again, &signals);
}
