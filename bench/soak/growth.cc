// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/soak/growth.h"

#include <algorithm>

namespace hanga::bench {
namespace {

constexpr double kBytesOfMb = 1e6;

double MedianMb(std::vector<uint64_t> bytes) {
  std::sort(bytes.begin(), bytes.end());
  return static_cast<double>(bytes[bytes.size() / 2]) / kBytesOfMb;
}

}  // namespace

void Growth::Sample(const std::string& name, pid_t pid, absl::Duration since_start) {
  const ProcessUse use = UseOf(pid);
  if (use.resident_bytes != 0) points_[name].push_back({since_start, use});
}

std::map<std::string, Growth::Figures> Growth::After(absl::Duration warm_up) const {
  std::map<std::string, Figures> figures;
  for (const auto& [name, all] : points_) {
    std::vector<Point> points;
    std::copy_if(all.begin(), all.end(), std::back_inserter(points),
                 [&](const Point& point) { return point.at >= warm_up; });
    if (points.empty()) continue;
    const size_t tenth = std::max<size_t>(1, points.size() / 10);
    Figures& f = figures[name];
    f.samples = points.size();
    const auto judge = [](auto begin, auto end, double& mb, int& descriptors, int& threads) {
      std::vector<uint64_t> bytes;
      descriptors = begin->use.descriptors;
      threads = begin->use.threads;
      for (auto it = begin; it != end; ++it) {
        bytes.push_back(it->use.resident_bytes);
        descriptors = std::min(descriptors, it->use.descriptors);
        threads = std::min(threads, it->use.threads);
      }
      mb = MedianMb(std::move(bytes));
    };
    judge(points.begin(), points.begin() + tenth, f.resident_mb_first, f.descriptors_first,
          f.threads_first);
    judge(points.end() - tenth, points.end(), f.resident_mb_last, f.descriptors_last,
          f.threads_last);
    for (const Point& point : points) {
      f.resident_mb_most =
          std::max(f.resident_mb_most, static_cast<double>(point.use.resident_bytes) / kBytesOfMb);
    }
  }
  return figures;
}

}  // namespace hanga::bench
