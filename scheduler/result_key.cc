// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/result_key.h"

#include "absl/strings/str_cat.h"

namespace hanga {

std::optional<Digest> ResultKey(absl::string_view tenant, const v1::Model& model,
                                absl::string_view revision, v1::GenerationSpec spec) {
  if (model.sha256().empty() || !spec.has_seed()) return std::nullopt;
  // How a picture is waited for is not in it.
  spec.clear_allow_cached_result();
  spec.clear_preview_interval();
  // Lengths keep neighbours apart.
  return DigestOf(absl::StrCat(tenant.size(), " ", tenant, revision.size(), " ", revision,
                               model.sha256(), CanonicalBytes(spec)));
}

}  // namespace hanga
