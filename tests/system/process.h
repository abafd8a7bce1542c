// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A real process that a test starts, signals and waits for.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace hanga::system {

// How long a test waits for what must happen: long enough for a loaded machine and sanitizers.
inline constexpr absl::Duration kPatience = absl::Seconds(120);

// A folder that is removed, with all that it holds, when this goes.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file, making its folders; returns its path.
  std::string Write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

std::string ReadFile(const std::string& path);  // empty if there is none

// Killed, if it still runs, when this goes. Not thread-safe.
class Process {
 public:
  // Both output streams go to files beside each other: OUTPUT.out and OUTPUT.err.
  Process(const std::vector<std::string>& command, const std::string& output,
          const std::vector<std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal);
  // The exit code, or 128 + the signal that ended it; nothing if it still runs after `patience`.
  std::optional<int> Wait(absl::Duration patience = kPatience);
  bool running() { return !Wait(absl::ZeroDuration()).has_value(); }

  std::string out() const { return ReadFile(output_ + ".out"); }
  std::string err() const { return ReadFile(output_ + ".err"); }

 private:
  const std::string output_;
  pid_t pid_ = -1;
  int pid_descriptor_ = -1;
  std::optional<int> exit_code_;
};

// Runs a command to its end.
struct Finished {
  int exit_code = -1;
  std::string out, err;
};
Finished RunToEnd(const std::vector<std::string>& command, const std::string& output,
                  const std::vector<std::string>& environment = {});

}  // namespace hanga::system
