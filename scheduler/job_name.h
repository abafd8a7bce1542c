// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Resource names: `jobs/{tag}-{number}`, `jobs/.../artifacts/{index}`, `models/{id}`,
// `workers/{id}`. The tag is drawn once per store, so that a name of an earlier store never means
// another job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace hanga {

using JobId = uint64_t;  // the number in a job's name; grows from 1

std::string JobName(absl::string_view tag, JobId id);
std::string ArtifactName(absl::string_view tag, JobId id, uint32_t index);

// Nothing if the text is not such a name, or of another store.
std::optional<JobId> ParseJobName(absl::string_view tag, absl::string_view name);

struct ArtifactId {
  JobId job = 0;
  uint32_t index = 0;
};
std::optional<ArtifactId> ParseArtifactName(absl::string_view tag, absl::string_view name);

// Whether the text may be the id of a model or a worker: [a-z0-9._-]{1,64}.
bool IsResourceId(absl::string_view id);

// "x" of "models/x"; empty if the text does not begin so or the id is none.
absl::string_view IdOf(absl::string_view collection, absl::string_view name);

}  // namespace hanga
