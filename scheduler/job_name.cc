// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/job_name.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace hanga {
namespace {

// Digits alone, without leading zeros: every number has one spelling.
template <typename Number>
bool ParseNumber(absl::string_view text, Number* number) {
  return !text.empty() && (text == "0" || text[0] != '0') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         absl::SimpleAtoi(text, number);
}

}  // namespace

std::string JobName(absl::string_view tag, JobId id) { return absl::StrCat("jobs/", tag, "-", id); }

std::string ArtifactName(absl::string_view tag, JobId id, uint32_t index) {
  return absl::StrCat("jobs/", tag, "-", id, "/artifacts/", index);
}

std::optional<JobId> ParseJobName(absl::string_view tag, absl::string_view name) {
  JobId id = 0;
  if (!absl::ConsumePrefix(&name, "jobs/") || !absl::ConsumePrefix(&name, tag) ||
      !absl::ConsumePrefix(&name, "-") || !ParseNumber(name, &id)) {
    return std::nullopt;
  }
  return id;
}

std::optional<ArtifactId> ParseArtifactName(absl::string_view tag, absl::string_view name) {
  constexpr absl::string_view kMiddle = "/artifacts/";
  const size_t middle = name.find(kMiddle);
  if (middle == name.npos) return std::nullopt;
  const auto job = ParseJobName(tag, name.substr(0, middle));
  uint32_t index = 0;
  if (!job || !ParseNumber(name.substr(middle + kMiddle.size()), &index)) return std::nullopt;
  return ArtifactId{*job, index};
}

bool IsResourceId(absl::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

absl::string_view IdOf(absl::string_view collection, absl::string_view name) {
  if (!absl::ConsumePrefix(&name, collection) || !absl::ConsumePrefix(&name, "/") ||
      !IsResourceId(name)) {
    return {};
  }
  return name;
}

}  // namespace hanga
