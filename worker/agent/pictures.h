// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The pictures that a task begins with, unpacked from its inputs.
#pragma once

#include "absl/status/status.h"
#include "hanga/v1/job.pb.h"
#include "worker/agent/inputs.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

bool HasPictures(const v1::GenerationSpec& spec);

// Puts the spec's pictures into the request. A request without sides takes those of its picture.
// INVALID_ARGUMENT names the field and says what is wrong with the file. Thread-safe.
absl::Status UnpackPictures(const v1::GenerationSpec& spec, const InputSet& inputs,
                            GenerationRequest* request);

}  // namespace hanga
