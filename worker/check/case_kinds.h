// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The kinds of golden cases that can be run, one file each.
#pragma once

#include <c10/core/Device.h>

#include "worker/check/golden_case.h"
#include "worker/check/report.h"

namespace hanga {

// Runs every run of a case and adds its results. Failures to run become results too. May throw what
// ATen throws.
using CaseKind = void (*)(const GoldenCase& golden, at::Device device, Report* report);

void CheckAutoencoder(const GoldenCase& golden, at::Device device, Report* report);
void CheckClip(const GoldenCase& golden, at::Device device, Report* report);
void CheckFluxPipeline(const GoldenCase& golden, at::Device device, Report* report);
void CheckFluxTransformer(const GoldenCase& golden, at::Device device, Report* report);
void CheckLatentPipeline(const GoldenCase& golden, at::Device device, Report* report);
void CheckLora(const GoldenCase& golden, at::Device device, Report* report);
void CheckSchedulers(const GoldenCase& golden, at::Device device, Report* report);
void CheckSd3Transformer(const GoldenCase& golden, at::Device device, Report* report);
void CheckUnet(const GoldenCase& golden, at::Device device, Report* report);
void CheckT5(const GoldenCase& golden, at::Device device, Report* report);
void CheckTokenizers(const GoldenCase& golden, at::Device device, Report* report);

// Null where no kind has this name.
CaseKind FindCaseKind(const std::string& name);

}  // namespace hanga
