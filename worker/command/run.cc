// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/command/run.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "logging/log.h"
#include "worker/agent/grpc_stream.h"
#include "worker/agent/worker.h"
#include "worker/command/device.h"
#include "worker/pipelines/device.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

constexpr size_t kMaxIdBytes = 64;
constexpr size_t kTasksOfCpu = 1, kTasksOfGpu = 4;

std::string HostName() {
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "unknown";
  return name;
}

// "<host>-cuda-0", in the characters and the length that an id may have.
std::string DefaultId(const std::string& device) {
  std::string suffix = "-" + device;
  std::string id = HostName().substr(0, kMaxIdBytes - suffix.size()) + suffix;
  for (char& c : id) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) || c == '.' || c == '_' ? static_cast<char>(std::tolower(byte)) : '-';
  }
  return id;
}

absl::Status CheckId(const std::string& id) {
  const bool characters_ok = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
  if (!id.empty() && id.size() <= kMaxIdBytes && characters_ok) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--id: must be 1 to ", kMaxIdBytes, " of the characters a-z 0-9 . _ -"));
}

int Refuse(const absl::Status& status) {
  std::fprintf(stderr, "hanga-worker: %s\n", std::string(status.message()).c_str());
  return kExitRefused;
}

Engine BindEngine(const Device& device, std::shared_ptr<GroupDoor> door) {
  Engine engine;
  engine.examine = ExamineModel;
  engine.load = LoadPipeline;
  engine.free_bytes = device.free_bytes;
  engine.held_bytes = device.held_bytes;
  engine.release_memory = ReleaseUnusedGpuMemory;
  engine.device = device.torch_name;
  engine.door = std::move(door);
  return engine;
}

WorkerOptions MakeOptions(const RunOptions& options, const Device& device) {
  std::random_device random;
  WorkerOptions worker;
  worker.id = options.id.empty() ? DefaultId(device.info.id()) : options.id;
  worker.host = HostName();
  worker.incarnation = uint64_t{random()} << 32 | random();
  worker.device = device.info;
  worker.max_tasks =
      options.max_tasks > 0 ? options.max_tasks : (device.is_gpu ? kTasksOfGpu : kTasksOfCpu);
  worker.step_loop.max_batch = options.max_batch;
  worker.link.away_timeout = absl::Seconds(options.away_timeout);
  worker.link.seed = worker.incarnation;
  return worker;
}

// Signals go to one thread, which waits for them; every other thread has them blocked.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

void TerminateOnSignals(const sigset_t& signals, Worker* worker) {
  std::thread([signals, worker] {
    for (int signal = 0; sigwait(&signals, &signal) == 0;) worker->Terminate();
  }).detach();
}

}  // namespace

int Run(const RunOptions& options) {
  if (absl::Status s = StartLogging("hanga-worker", options.log_level, options.log_format); !s.ok())
    return Refuse(s);
  if (absl::Status s = CheckAddress(options.scheduler); !s.ok()) return Refuse(s);
  const sigset_t signals = BlockSignals();
  const auto device = FindDevice(options.device, options.threads);
  if (!device.ok()) return Refuse(device.status());
  if (!device->is_gpu && options.threads > 0) SetComputeThreads(options.threads);
  WorkerOptions worker_options = MakeOptions(options, *device);
  if (absl::Status s = CheckId(worker_options.id); !s.ok()) return Refuse(s);

  std::shared_ptr<GroupDoor> door;
  if (!options.group_listen.empty()) {
    auto opened = OpenGroupDoor(options.group_listen, device->torch_name);
    if (!opened.ok()) {
      return Refuse(absl::Status(opened.status().code(),
                                 absl::StrCat("--group-listen: ", opened.status().message())));
    }
    door = *std::move(opened);
  }

  GrpcStreamFactory factory(options.scheduler);
  spdlog::info("worker starts worker={} device={} device_model=\"{}\" version=" HANGA_VERSION,
               worker_options.id, device->info.id(), device->info.model());
  Worker worker(std::move(worker_options), BindEngine(*device, std::move(door)), &factory);
  TerminateOnSignals(signals, &worker);
  const LinkEnd end = worker.Run();
  spdlog::shutdown();
  if (!end.message.empty()) std::fprintf(stderr, "hanga-worker: %s\n", end.message.c_str());
  std::fflush(nullptr);
  // The system takes back what the process owns. Waiting for a step that nobody wants, or for the
  // teardown of a device that has failed, helps nobody.
  std::_Exit(end.exit_code);
}

}  // namespace hanga
