// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/inputs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace hanga {

bool IsSha256(absl::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::vector<NamedInput> NamedInputs(const v1::GenerationSpec& spec) {
  std::vector<NamedInput> inputs;
  if (spec.has_init_image()) {
    inputs.push_back({"spec.init_image.sha256", spec.init_image().sha256()});
  }
  if (spec.has_mask()) inputs.push_back({"spec.mask.sha256", spec.mask().sha256()});
  for (int i = 0; i < spec.controls_size(); ++i) {
    inputs.push_back(
        {absl::StrCat("spec.controls[", i, "].image.sha256"), spec.controls(i).image().sha256()});
  }
  for (int i = 0; i < spec.loras_size(); ++i) {
    if (!spec.loras(i).has_file()) continue;
    inputs.push_back(
        {absl::StrCat("spec.loras[", i, "].file.sha256"), spec.loras(i).file().sha256()});
  }
  for (int i = 0; i < spec.embeddings_size(); ++i) {
    if (!spec.embeddings(i).has_file()) continue;
    inputs.push_back(
        {absl::StrCat("spec.embeddings[", i, "].file.sha256"), spec.embeddings(i).file().sha256()});
  }
  return inputs;
}

std::vector<std::string> InputsOf(const v1::GenerationSpec& spec) {
  std::vector<std::string> names;
  for (NamedInput& input : NamedInputs(spec)) names.push_back(std::move(input.sha256));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace hanga
