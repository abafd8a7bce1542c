// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The parts of a specification that go beyond text to image: pictures to begin with, a second pass,
// adapters. Pure.
#pragma once

#include "hanga/v1/job.pb.h"
#include "scheduler/field_checker.h"

namespace hanga {

void CheckPictures(const v1::GenerationSpec& spec, FieldChecker* check);
// `defaults`: of the model, for sides that are not set.
void CheckSecondPass(const v1::GenerationSpec& spec, const v1::GenerationSpec& defaults,
                     FieldChecker* check);
void CheckAdapters(const v1::GenerationSpec& spec, FieldChecker* check);

}  // namespace hanga
