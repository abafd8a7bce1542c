// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What processes hold over time, and by how much it has grown.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bench/storm/server_process.h"

namespace hanga::bench {

// Not thread-safe.
class Growth {
 public:
  // A process that is watched from now on, under a name for the figures.
  void Sample(const std::string& name, pid_t pid, absl::Duration since_start);

  // From the first tenth of the time after `warm_up` to the last tenth. Memory by medians;
  // descriptors and threads by the least that was held, which leaves out those of open calls.
  struct Figures {
    double resident_mb_first = 0, resident_mb_last = 0, resident_mb_most = 0;
    int descriptors_first = 0, descriptors_last = 0;
    int threads_first = 0, threads_last = 0;
    size_t samples = 0;

    double resident_mb_growth() const { return resident_mb_last - resident_mb_first; }
  };
  std::map<std::string, Figures> After(absl::Duration warm_up) const;

 private:
  struct Point {
    absl::Duration at;
    ProcessUse use;
  };
  std::map<std::string, std::vector<Point>> points_;
};

}  // namespace hanga::bench
