// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"

namespace hanga {
namespace {

const absl::Time kStart = absl::Now();

double ResidentBytes() {
  uint64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::ToDoubleSeconds(absl::DurationFromTimeval(usage.ru_utime) +
                               absl::DurationFromTimeval(usage.ru_stime));
}

double OpenDescriptors() {
  std::error_code error;
  double count = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    ++count;
  }
  return count;
}

double MostDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void AddProcessMetrics(Families* families) {
  families->Gauge("hanga_build_info", "1; the version that runs.")
      .Add({{"version", HANGA_VERSION}}, 1);
  families->Gauge("process_start_time_seconds", "When the process started, since 1970.")
      .Add(absl::ToDoubleSeconds(kStart - absl::UnixEpoch()));
  families->Counter("process_cpu_seconds_total", "Processor time, user and system.")
      .Add(ProcessorSeconds());
  families->Gauge("process_resident_memory_bytes", "Memory that is resident.").Add(ResidentBytes());
  families->Gauge("process_open_fds", "Open file descriptors.").Add(OpenDescriptors());
  families->Gauge("process_max_fds", "File descriptors that may be open.").Add(MostDescriptors());
}

}  // namespace hanga
