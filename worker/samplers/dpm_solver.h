// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// DPM-Solver++ in its forms (arXiv:2211.01095): DPMSolverMultistepScheduler ("DPM++ 2M", "DPM++ 2M
// SDE", "DPM++ 3M SDE") and DPMSolverSinglestepScheduler ("DPM++ 2S", "DPM++ SDE").
#pragma once

#include "worker/samplers/lambda_sampler.h"

namespace hanga {

struct DpmSolverOptions {
  enum class Algorithm { kPlusPlus, kSdePlusPlus, kNoise };  // kNoise: of the first paper
  enum class Type { kMidpoint, kHeun };

  int64_t order = 2;  // 1 to 3; of the single-step form 1 or 2
  Algorithm algorithm = Algorithm::kPlusPlus;
  Type type = Type::kMidpoint;
  bool lower_order_final = true;
  bool euler_at_final = false;
};

// The steps that both forms are made of. Computes in float32.
class DpmSolver : public LambdaSampler {
 protected:
  DpmSolver(const DiffusionConfig& config, DiffusionSchedule schedule,
            const DpmSolverOptions& options)
      : LambdaSampler(config, std::move(schedule)), options_(options) {}

  bool draws_noise() const {
    return options_.algorithm == DpmSolverOptions::Algorithm::kSdePlusPlus;
  }
  // What the integrator extrapolates: pictures, or noise in the first paper's form.
  at::Tensor Convert(const at::Tensor& output, const at::Tensor& sample) const;

  // From step `from` to the one after the current. `first` and `second`: the differences that an
  // order of 2 and 3 adds to `value`; undefined below.
  struct Derivatives {
    at::Tensor value, first, second;
  };
  at::Tensor Integrate(const at::Tensor& sample, int64_t from, const Derivatives& d,
                       const at::Tensor& fresh) const;

  const DpmSolverOptions options_;
};

class DpmSolverMultistep final : public DpmSolver {
 public:
  DpmSolverMultistep(const DiffusionConfig& config, DiffusionSchedule schedule,
                     const DpmSolverOptions& options)
      : DpmSolver(config, std::move(schedule), options) {}
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;

 private:
  size_t history_limit() const override { return static_cast<size_t>(options_.order); }
};

// Steps go in pairs: the second begins again where the first began, with a slope more.
class DpmSolverSinglestep final : public DpmSolver {
 public:
  DpmSolverSinglestep(const DiffusionConfig& config, DiffusionSchedule schedule,
                      const DpmSolverOptions& options)
      : DpmSolver(config, std::move(schedule), options) {}
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;

 private:
  size_t history_limit() const override { return 2; }  // output and sample where a pair began
};

}  // namespace hanga
