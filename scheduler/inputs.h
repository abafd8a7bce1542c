// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The inputs that a specification names. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hanga/v1/job.pb.h"

namespace hanga {

bool IsSha256(absl::string_view text);  // 64 lower-case hexadecimal digits

struct NamedInput {
  std::string field;  // "spec.init_image.sha256"
  std::string sha256;
};
std::vector<NamedInput> NamedInputs(const v1::GenerationSpec& spec);

std::vector<std::string> InputsOf(const v1::GenerationSpec& spec);  // each once

}  // namespace hanga
