// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// UniPCMultistepScheduler (arXiv:2302.04867): each step is predicted, and corrected with the
// model's output at its end, at no further evaluation.
#pragma once

#include "worker/samplers/lambda_sampler.h"

namespace hanga {

struct UniPcOptions {
  int64_t order = 2;              // 1 to 3
  bool exponential_scale = true;  // B(h) = e^h - 1 ("bh2"), else h ("bh1")
  bool lower_order_final = true;
  std::vector<int64_t> uncorrected;  // steps whose result stands as it was predicted
};

class UniPc final : public LambdaSampler {
 public:
  UniPc(const DiffusionConfig& config, DiffusionSchedule schedule, const UniPcOptions& options)
      : LambdaSampler(config, std::move(schedule)), options_(options) {}
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;

 private:
  // The sample where the last step began, then pictures.
  size_t history_limit() const override { return static_cast<size_t>(options_.order) + 1; }
  int64_t OrderAt(int64_t step, int64_t pictures) const;
  // From step `from` to the next one, by the pictures at and before it. `corrects`: the picture at
  // the end, where it is known.
  at::Tensor Integrate(const at::Tensor& sample, int64_t from, int64_t order,
                       const at::Tensor& corrects) const;

  const UniPcOptions options_;
};

}  // namespace hanga
