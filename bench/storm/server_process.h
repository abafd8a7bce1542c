// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A real hangad with its workers, to be ill-treated: killed, stopped, started again on the same
// folder and port.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hanga::bench {

struct ServerSettings {
  std::string bin;     // folder of hangad and of the worker's program
  std::string folder;  // exists; gets hangad.toml, hangad.log, models/
  std::string data;    // hangad's data folder
  std::string worker_program = "hanga-noop-worker";
  int workers = 2;
  absl::Duration heartbeat = absl::Milliseconds(100);
  absl::Duration lease = absl::Milliseconds(500);
  std::string listen = "127.0.0.1:0";
  std::string server = {};  // further TOML of [server]
  std::string more = {};    // TOML of further tables
};

// What a process holds.
struct ProcessUse {
  uint64_t resident_bytes = 0;
  int descriptors = 0, threads = 0;
};
ProcessUse UseOf(pid_t pid);  // zeros if there is no such process

// Not thread-safe, but address() and workers() may be called from any thread once it was started.
class ServerProcess {
 public:
  // Models: "flow" (steps of 2 ms) and "broken" (fails at its first step).
  explicit ServerProcess(ServerSettings settings);
  ~ServerProcess();  // kills what still runs
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Returns once it serves. UNAVAILABLE with the end of its log if it ended instead.
  absl::Status Start();
  void Signal(int signal) const;
  void Kill();                                          // SIGKILL, and waits for its end
  absl::StatusOr<int> Stop(absl::Duration patience);    // SIGTERM; its exit code
  absl::StatusOr<int> CheckStore(std::string* report);  // `hangad check-store`; its exit code

  pid_t pid() const { return pid_; }
  const std::string& address() const { return address_; }
  size_t devices() const { return static_cast<size_t>(settings_.workers); }
  // The workers that live now, in any state. Found by their command lines: they outlive hangad.
  std::vector<pid_t> workers() const;

 private:
  std::string EndOfLog() const;
  pid_t Spawn(const std::vector<std::string>& command, const std::string& output) const;

  const ServerSettings settings_;
  std::string address_;
  pid_t pid_ = -1;
};

}  // namespace hanga::bench
