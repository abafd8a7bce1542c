// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/sigma_spacing.h"

#include <cmath>

namespace hanga {
namespace {

// The continued fraction of the incomplete beta function, by Lentz's method.
double BetaFraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300, kEpsilon = 1e-16;
  constexpr int kMostTerms = 500;
  const auto guard = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1, d = 1 / guard(1 - (a + b) * x / (a + 1)), fraction = d;
  for (int m = 1; m <= kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < kEpsilon) break;
  }
  return fraction;
}

// P(X <= x), where x <= (a + 1) / (a + b + 2), so that the fraction converges fast.
double LowerBeta(double x, double a, double b) {
  if (x <= 0) return 0;
  const double log_front =
      a * std::log(x) + b * std::log1p(-x) - (std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b));
  return std::exp(log_front) * BetaFraction(x, a, b) / a;
}

// The x in (0, high] with P(X <= x) = p.
double LowerQuantile(double p, double a, double b, double high) {
  double low = 0;
  while (true) {
    const double x = low + (high - low) / 2;
    if (x <= low || x >= high) return x;
    (LowerBeta(x, a, b) < p ? low : high) = x;
  }
}

}  // namespace

double BetaQuantile(double p, double a, double b) {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  const double middle = a / (a + b);
  // Near 1 the other tail is the exact one.
  if (LowerBeta(middle, a, b) < p) return 1 - LowerQuantile(1 - p, b, a, 1 - middle);
  return LowerQuantile(p, a, b, middle);
}

std::vector<double> LinearSpace(double first, double last, int64_t count) {
  std::vector<double> values(count);
  const double step = count > 1 ? (last - first) / static_cast<double>(count - 1) : 0;
  for (int64_t i = 0; i < count; ++i) values[i] = static_cast<double>(i) * step + first;
  if (count > 1) values.back() = last;
  return values;
}

std::vector<double> SpaceSigmas(SigmaSpacing spacing, double first, double last, int64_t count) {
  if (spacing == SigmaSpacing::kExponential) {
    std::vector<double> spaced = LinearSpace(std::log(first), std::log(last), count);
    for (double& level : spaced) level = std::exp(level);
    return spaced;
  }
  std::vector<double> spaced = LinearSpace(0, 1, count);
  if (spacing == SigmaSpacing::kBeta) {
    constexpr double kShape = 0.6;
    for (double& level : spaced) {
      level = last + BetaQuantile(1 - level, kShape, kShape) * (first - last);
    }
    return spaced;
  }
  constexpr double kRho = 7;
  const double from = std::pow(first, 1 / kRho), to = std::pow(last, 1 / kRho);
  for (double& level : spaced) level = std::pow(from + level * (to - from), kRho);
  return spaced;
}

}  // namespace hanga
