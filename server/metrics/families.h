// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Builds the families of a scrape from plain values.
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduler/measures.h"

namespace hanga {

using MetricLabels = std::initializer_list<std::pair<const char*, std::string>>;

// One family that is being filled. Valid until the next Begin() of its Families.
class MetricSeries {
 public:
  explicit MetricSeries(prometheus::MetricFamily* family) : family_(family) {}

  void Add(MetricLabels labels, double value);  // of a counter or a gauge
  void Add(MetricLabels labels, const DurationHistogram& histogram);
  void Add(double value) { Add({}, value); }

 private:
  prometheus::ClientMetric& Append(MetricLabels labels);

  prometheus::MetricFamily* family_;
};

// Not thread-safe.
class Families {
 public:
  MetricSeries Counter(const char* name, const char* help);
  MetricSeries Gauge(const char* name, const char* help);
  MetricSeries Histogram(const char* name, const char* help);

  void Append(std::vector<prometheus::MetricFamily> families);
  // The text format of Prometheus. Families without series are named too, with their meaning.
  std::string Text() const;

 private:
  MetricSeries Begin(prometheus::MetricType type, const char* name, const char* help);

  std::vector<prometheus::MetricFamily> families_;
};

// A name that a worker chose, as a label: at most 32 of a-z 0-9 _ and empty for anything else.
std::string BoundedLabel(absl::string_view name);

}  // namespace hanga
