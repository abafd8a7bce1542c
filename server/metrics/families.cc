// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/families.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>

namespace hanga {

prometheus::ClientMetric& MetricSeries::Append(MetricLabels labels) {
  prometheus::ClientMetric& metric = family_->metric.emplace_back();
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  return metric;
}

void MetricSeries::Add(MetricLabels labels, double value) {
  prometheus::ClientMetric& metric = Append(labels);
  if (family_->type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void MetricSeries::Add(MetricLabels labels, const DurationHistogram& histogram) {
  auto& out = Append(labels).histogram;
  out.sample_sum = histogram.sum_seconds;
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    out.sample_count += histogram.counts[i];
    const double bound = i < DurationHistogram::kBounds.size()
                             ? DurationHistogram::kBounds[i]
                             : std::numeric_limits<double>::infinity();
    out.bucket.push_back({out.sample_count, bound});
  }
}

MetricSeries Families::Begin(prometheus::MetricType type, const char* name, const char* help) {
  prometheus::MetricFamily& family = families_.emplace_back();
  family.name = name;
  family.help = help;
  family.type = type;
  return MetricSeries(&family);
}

MetricSeries Families::Counter(const char* name, const char* help) {
  return Begin(prometheus::MetricType::Counter, name, help);
}

MetricSeries Families::Gauge(const char* name, const char* help) {
  return Begin(prometheus::MetricType::Gauge, name, help);
}

MetricSeries Families::Histogram(const char* name, const char* help) {
  return Begin(prometheus::MetricType::Histogram, name, help);
}

void Families::Append(std::vector<prometheus::MetricFamily> families) {
  for (auto& family : families) families_.push_back(std::move(family));
}

std::string Families::Text() const {
  return prometheus::TextSerializer().Serialize(families_);
}

std::string BoundedLabel(absl::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool fits = name.size() <= 32 && std::all_of(name.begin(), name.end(), allowed);
  return fits ? std::string(name) : "";
}

}  // namespace hanga
