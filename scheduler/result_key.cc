// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/result_key.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// Files that a deployment offers by name may be others tomorrow; the model's hash is not theirs.
bool NamesFiles(const v1::GenerationSpec& spec) {
  const auto by_name = [](const auto& adapter) { return !adapter.has_file(); };
  return std::any_of(spec.loras().begin(), spec.loras().end(), by_name) ||
         std::any_of(spec.embeddings().begin(), spec.embeddings().end(), by_name) ||
         spec.controls_size() > 0;
}

}  // namespace

std::optional<Digest> ResultKey(absl::string_view tenant, const v1::Model& model,
                                absl::string_view revision, v1::GenerationSpec spec) {
  // A prompt may have any of the words of a folder.
  const bool by_name = NamesFiles(spec) || model.embeddings_size() > 0;
  if (model.sha256().empty() || !spec.has_seed() || by_name) return std::nullopt;
  // How a picture is waited for is not in it.
  spec.clear_allow_cached_result();
  spec.clear_preview_interval();
  // Lengths keep neighbours apart.
  return DigestOf(absl::StrCat(tenant.size(), " ", tenant, revision.size(), " ", revision,
                               model.sha256(), CanonicalBytes(spec)));
}

}  // namespace hanga
