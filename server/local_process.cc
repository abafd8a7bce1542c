// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/local_process.h"

extern "C" {  // glibc 2.36 forgets to say so itself
#include <sys/pidfd.h>
}

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

absl::Status Failed(absl::string_view action, absl::string_view path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(action, " ", path));
}

// Both ends, so that neither side ever meets a closed pipe.
absl::StatusOr<FileDescriptor> OpenFifo(const std::string& path) {
  if (mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST) return Failed("cannot create", path);
  FileDescriptor fifo(open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!fifo.valid()) return Failed("cannot open", path);
  struct stat status {};
  if (fstat(fifo.get(), &status) != 0 || !S_ISFIFO(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a FIFO; remove it"));
  }
  return fifo;
}

// What the child needs between fork and exec, where it may call only what is async-signal-safe.
struct ChildPlan {
  const char* program;
  char* const* arguments;
  int pid_file, output, error_pipe;
};

// Digits of `value`, at the end of `buffer`; no allocation.
char* Digits(pid_t value, char* end) {
  *--end = '\n';
  do {
    *--end = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return end;
}

[[noreturn]] void RunChild(const ChildPlan& plan) {
  char buffer[24];
  char* const end = buffer + sizeof buffer;
  char* const digits = Digits(getpid(), end);
  const int null = open("/dev/null", O_RDONLY);
  sigset_t none;
  sigemptyset(&none);
  const bool ready = null >= 0 && setsid() >= 0 && ftruncate(plan.pid_file, 0) == 0 &&
                     pwrite(plan.pid_file, digits, static_cast<size_t>(end - digits), 0) > 0 &&
                     dup2(null, 0) >= 0 && dup2(plan.output, 1) >= 0 && dup2(plan.output, 2) >= 0 &&
                     close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
                     fcntl(plan.pid_file, F_SETFD, 0) == 0 &&
                     sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
  if (ready) execv(plan.program, plan.arguments);
  const int error = errno;
  (void)!write(plan.error_pipe, &error, sizeof error);
  _exit(127);
}

// 0 once the child runs its program, or the error that kept it from that.
int ReadExecError(int fd) {
  int error = 0;
  ssize_t count;
  do {
    count = read(fd, &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  return count == sizeof error ? error : 0;
}

absl::StatusOr<pid_t> ReadPid(int fd) {
  char text[24] = {};
  pid_t pid = 0;
  const ssize_t count = pread(fd, text, sizeof text - 1, 0);
  if (count <= 0 || text[count - 1] != '\n' ||
      !absl::SimpleAtoi(absl::string_view(text, static_cast<size_t>(count)), &pid) || pid <= 1) {
    return absl::UnavailableError("the pid file is not written yet");
  }
  return pid;
}

}  // namespace

absl::StatusOr<LocalProcess> LocalProcess::Start(const ProcessFiles& files,
                                                 const std::vector<std::string>& arguments) {
  FileDescriptor pid_file(open(files.pid.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!pid_file.valid()) return Failed("cannot open", files.pid);
  if (flock(pid_file.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("another process holds ", files.pid, "; it ends by itself or is adopted"));
  }
  auto output = OpenFifo(files.output);
  if (!output.ok()) return output.status();
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) return Failed("cannot make a pipe for", arguments[0]);
  const FileDescriptor error_read(error_pipe[0]);
  FileDescriptor error_write(error_pipe[1]);

  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const ChildPlan plan{arguments[0].c_str(), argv.data(), pid_file.get(), output->get(),
                       error_write.get()};
  const pid_t pid = fork();
  if (pid == 0) RunChild(plan);
  if (pid < 0) return Failed("cannot start", arguments[0]);
  error_write = FileDescriptor();
  FileDescriptor pidfd(pidfd_open(pid, 0));
  if (const int error = ReadExecError(error_read.get()); error != 0 || !pidfd.valid()) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return absl::ErrnoToStatus(
        error != 0 ? error : errno,
        absl::StrCat("cannot run ", arguments[0],
                     "; set workers.program (--worker-program) to the hanga-worker program"));
  }
  return LocalProcess(pid, true, std::move(pidfd), *std::move(output));
}

absl::StatusOr<std::optional<LocalProcess>> LocalProcess::Adopt(const ProcessFiles& files) {
  FileDescriptor pid_file(open(files.pid.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!pid_file.valid()) {
    if (errno == ENOENT) return std::nullopt;
    return Failed("cannot open", files.pid);
  }
  const auto ended = [&] { return flock(pid_file.get(), LOCK_EX | LOCK_NB) == 0; };
  // A daemon killed between its fork and the child's first lines leaves a locked, empty file: the
  // child fills it as soon as it gets to run.
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (ended()) return std::nullopt;
    if (const auto pid = ReadPid(pid_file.get()); pid.ok()) {
      FileDescriptor pidfd(pidfd_open(*pid, 0));
      // Still locked after the pidfd was taken: the number was not another process' by then.
      if (!pidfd.valid() || ended()) return std::nullopt;
      auto output = OpenFifo(files.output);
      if (!output.ok()) return output.status();
      return LocalProcess(*pid, false, std::move(pidfd), *std::move(output));
    }
    usleep(1000);
  }
  return absl::UnavailableError(
      absl::StrCat(files.pid, " is locked by a process that it does not name; end that process"));
}

void LocalProcess::Signal(int signal) const { pidfd_send_signal(pidfd_.get(), signal, nullptr, 0); }

bool LocalProcess::HasEnded() const {
  pollfd exit{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  return poll(&exit, 1, 0) == 1;
}

LocalProcess::Exit LocalProcess::Reap() const {
  siginfo_t info{};
  if (!child_ || waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0) {
    return {.description = "ended"};
  }
  if (info.si_code == CLD_EXITED) {
    return {.clean = info.si_status == 0,
            .description = absl::StrCat("exited with status ", info.si_status)};
  }
  return {.description = absl::StrCat("was killed by signal ", info.si_status, " (",
                                      strsignal(info.si_status), ")")};
}

}  // namespace hanga
