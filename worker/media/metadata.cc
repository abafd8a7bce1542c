// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/metadata.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace hanga {
namespace {

// As much of a hash as A1111 writes.
std::string ShortHash(const PictureMetadata& m) { return m.model_sha256.substr(0, 10); }

std::string Loras(const PictureMetadata& m) { return absl::StrJoin(m.loras, "; "); }

std::string Size(const PictureMetadata& m) { return absl::StrCat(m.width, "x", m.height); }

}  // namespace

std::string ParametersText(const PictureMetadata& m) {
  std::string text = m.prompt;
  if (!m.negative_prompt.empty()) absl::StrAppend(&text, "\nNegative prompt: ", m.negative_prompt);
  std::vector<std::string> fields = {absl::StrCat("Steps: ", m.steps)};
  if (!m.sampler.empty()) fields.push_back(absl::StrCat("Sampler: ", m.sampler));
  if (!m.scheduler.empty()) fields.push_back(absl::StrCat("Schedule type: ", m.scheduler));
  fields.push_back(absl::StrCat("CFG scale: ", m.true_cfg_scale));
  if (m.guidance_scale > 0) {
    fields.push_back(absl::StrCat("Distilled CFG Scale: ", m.guidance_scale));
  }
  if (m.shift) fields.push_back(absl::StrCat("Shift: ", *m.shift));
  fields.push_back(absl::StrCat("Seed: ", m.seed));
  fields.push_back(absl::StrCat("Size: ", Size(m)));
  if (!m.model_sha256.empty()) fields.push_back(absl::StrCat("Model hash: ", ShortHash(m)));
  fields.push_back(absl::StrCat("Model: ", m.model));
  if (!m.loras.empty()) fields.push_back(absl::StrCat("LoRA: ", Loras(m)));
  fields.push_back(absl::StrCat("Version: hanga ", m.version));
  return absl::StrCat(text, "\n", absl::StrJoin(fields, ", "));
}

std::vector<std::pair<std::string, std::string>> TextEntries(const PictureMetadata& m) {
  std::vector<std::pair<std::string, std::string>> entries = {{"parameters", ParametersText(m)},
                                                              {"prompt", m.prompt}};
  const auto add = [&entries](const char* key, std::string value) {
    if (!value.empty()) entries.emplace_back(key, std::move(value));
  };
  add("negative_prompt", m.negative_prompt);
  add("seed", absl::StrCat(m.seed));
  add("steps", absl::StrCat(m.steps));
  add("guidance_scale", absl::StrCat(m.guidance_scale));
  add("true_cfg_scale", absl::StrCat(m.true_cfg_scale));
  add("sampler", m.sampler);
  add("scheduler", m.scheduler);
  if (m.shift) add("shift", absl::StrCat(*m.shift));
  add("size", Size(m));
  add("model", m.model);
  add("model_hash", ShortHash(m));
  add("loras", Loras(m));
  add("hanga_version", m.version);
  return entries;
}

}  // namespace hanga
