// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/worker_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

extern char** environ;

namespace hanga::cli {
namespace {

constexpr char kProgram[] = "hanga-worker";

std::string FindProgram() {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const auto beside = self.parent_path() / kProgram;
  return !self.empty() && std::filesystem::exists(beside, ignored) ? beside.string() : kProgram;
}

}  // namespace

absl::StatusOr<std::string> OutputOfWorker(const std::vector<std::string>& arguments) {
  std::string program = FindProgram();
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::InternalError("no pipe to hanga-worker");
  const auto close_read = absl::MakeCleanup([&] { close(ends[0]); });
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const auto destroy = absl::MakeCleanup([&] { posix_spawn_file_actions_destroy(&actions); });
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int failure =
      posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
  close(ends[1]);
  if (failure != 0) {
    return absl::NotFoundError(
        "hanga-worker is not on this machine: give a profile (hanga-worker describe MODEL --json) "
        "and --topology FILE");
  }
  std::string output;
  std::array<char, 1 << 16> piece;
  for (;;) {
    const ssize_t count = read(ends[0], piece.data(), piece.size());
    if (count > 0) output.append(piece.data(), static_cast<size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR)) break;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  return absl::FailedPreconditionError(
      absl::StrCat("hanga-worker ", arguments.empty() ? "" : arguments.front(), " failed"));
}

}  // namespace hanga::cli
