// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A local worker's process, which outlives a daemon that dies: its work goes on, and the next
// daemon adopts it. Two files make that safe:
//
//   pid file     locked by the process for as long as it lives (the lock is inherited, so there is
//                no moment at which a live process is not seen), and it holds its process id
//   output FIFO  opened for reading too by the process itself, so that writing to it neither fails
//                nor blocks while no daemon reads
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/file_descriptor.h"

namespace hanga {

struct ProcessFiles {
  std::string pid;     // path
  std::string output;  // path of the FIFO
};

// Move-only. Not thread-safe. Destroying it leaves the process alone.
class LocalProcess {
 public:
  // Runs `arguments[0]`, in a session of its own, with the output FIFO as standard output and
  // error. ALREADY_EXISTS if the pid file is locked; NOT_FOUND or another error if the program
  // cannot be run, as a sentence that names it.
  static absl::StatusOr<LocalProcess> Start(const ProcessFiles& files,
                                            const std::vector<std::string>& arguments);

  // The process that an earlier daemon started, if it lives.
  static absl::StatusOr<std::optional<LocalProcess>> Adopt(const ProcessFiles& files);

  pid_t pid() const { return pid_; }
  int exit_fd() const { return pidfd_.get(); }     // readable once the process has ended
  int output_fd() const { return output_.get(); }  // non-blocking

  void Signal(int signal) const;
  bool HasEnded() const;

  // After exit_fd() became readable: "exited with status 1", "was killed by signal 11 (...)".
  struct Exit {
    bool clean = false;  // status 0
    std::string description;
  };
  Exit Reap() const;

 private:
  LocalProcess(pid_t pid, bool child, FileDescriptor pidfd, FileDescriptor output)
      : pid_(pid), child_(child), pidfd_(std::move(pidfd)), output_(std::move(output)) {}

  pid_t pid_;
  bool child_;  // of this daemon; an adopted one's status goes to init
  FileDescriptor pidfd_, output_;
};

}  // namespace hanga
