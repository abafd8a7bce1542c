// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/system/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

extern char** environ;

namespace hanga::system {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  path_ = (std::filesystem::temp_directory_path() / "hanga-system-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << path_ << ": " << std::strerror(errno);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::Write(const std::string& name, const std::string& content) const {
  const std::filesystem::path path = *this / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
  return path.string();
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Process::Process(const std::vector<std::string>& command, const std::string& output,
                 const std::vector<std::string>& environment)
    : output_(output) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, (output_ + ".out").c_str(), flags, 0666);
  posix_spawn_file_actions_addopen(&files, 2, (output_ + ".err").c_str(), flags, 0666);
  std::vector<std::string> variables = environment;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  const int error = posix_spawn(&pid_, command[0].c_str(), &files, nullptr,
                                Pointers(command).data(), Pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    ADD_FAILURE() << command[0] << ": " << std::strerror(error);
    exit_code_ = 127;
    return;
  }
  pid_descriptor_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

Process::~Process() {
  Signal(SIGKILL);
  Wait();
  if (pid_descriptor_ >= 0) close(pid_descriptor_);
}

void Process::Signal(int signal) {
  if (!exit_code_) kill(pid_, signal);
}

std::optional<int> Process::Wait(absl::Duration patience) {
  if (exit_code_) return exit_code_;
  pollfd ended{pid_descriptor_, POLLIN, 0};
  if (poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) != 1) {
    return std::nullopt;
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

Finished RunToEnd(const std::vector<std::string>& command, const std::string& output,
                  const std::vector<std::string>& environment) {
  std::filesystem::remove(output + ".out");
  std::filesystem::remove(output + ".err");
  Process process(command, output, environment);
  const std::optional<int> code = process.Wait();
  EXPECT_TRUE(code.has_value()) << command[0] << " did not end";
  return {code.value_or(-1), process.out(), process.err()};
}

}  // namespace hanga::system
