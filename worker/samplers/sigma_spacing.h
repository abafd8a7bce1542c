// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How noise levels are spread between the first and the last one.
#pragma once

#include <cstdint>
#include <vector>

namespace hanga {

enum class SigmaSpacing {
  kPlain,        // as the timesteps have them
  kKarras,       // arXiv:2206.00364 with rho = 7
  kExponential,  // equal steps of the logarithm
  kBeta,         // quantiles of the distribution Beta(0.6, 0.6), arXiv:2407.12173
};

// `count` levels from `first` to `last`, both above 0. `spacing` is not kPlain.
std::vector<double> SpaceSigmas(SigmaSpacing spacing, double first, double last, int64_t count);

// count levels from first to last, both included, as numpy.linspace rounds them.
std::vector<double> LinearSpace(double first, double last, int64_t count);

// The x with P(X <= x) = p for X ~ Beta(a, b); 0 <= p <= 1, a and b above 0.
double BetaQuantile(double p, double a, double b);

}  // namespace hanga
