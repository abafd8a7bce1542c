// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>

#include "absl/strings/str_cat.h"
#include "worker/check/case_kinds.h"
#include "worker/tokenizers/clip_tokenizer.h"
#include "worker/tokenizers/t5_tokenizer.h"

namespace hanga {
namespace {

using Encode = std::function<std::vector<int64_t>(const std::string& text)>;

// Counts the strings whose ids under `field` are others.
void CompareIds(const nlohmann::json& rows, const std::string& field, const Encode& encode,
                RunResult* result) {
  double different = 0;
  bool found = false;
  for (const nlohmann::json& row : rows) {
    const auto wanted = row.find(field);
    if (wanted == row.end()) continue;
    found = true;
    if (encode(row.at("text")) != wanted->get<std::vector<int64_t>>()) ++different;
  }
  if (found) result->quantities.push_back({field, different, 0, "strings differ"});
}

absl::Status CheckClipIds(const GoldenCase& golden, const nlohmann::json& rows, RunResult* result) {
  const auto tokenizer = ClipTokenizer::Load(golden.Resolve("tokenizers/clip"));
  if (!tokenizer.ok()) return tokenizer.status();
  CompareIds(
      rows, "ids", [&](const std::string& t) { return (*tokenizer)->Encode(t); }, result);
  CompareIds(
      rows, "ids_77", [&](const std::string& t) { return (*tokenizer)->EncodePadded(t).ids; },
      result);
  return absl::OkStatus();
}

absl::Status CheckT5Ids(const GoldenCase& golden, const nlohmann::json& rows, RunResult* result) {
  const auto tokenizer = T5Tokenizer::Load(golden.Resolve("tokenizers/t5"));
  if (!tokenizer.ok()) return tokenizer.status();
  const int length = golden.info.at("t5_length");
  CompareIds(
      rows, "ids", [&](const std::string& t) { return (*tokenizer)->Encode(t); }, result);
  CompareIds(
      rows, "ids_padded",
      [&](const std::string& t) { return (*tokenizer)->EncodePadded(t, length).ids; }, result);
  return absl::OkStatus();
}

struct Vocabulary {
  const char* name;
  absl::Status (*check)(const GoldenCase&, const nlohmann::json& rows, RunResult*);
};

constexpr Vocabulary kVocabularies[] = {
    {"clip", CheckClipIds}, {"t5", CheckT5Ids}, {"qwen2", nullptr}};

}  // namespace

void CheckTokenizers(const GoldenCase& golden, at::Device, Report* report) {
  for (const Vocabulary& vocabulary : kVocabularies) {
    std::ifstream file(absl::StrCat(golden.folder, "/", vocabulary.name, ".json"));
    if (!file) continue;
    RunResult& result = report->Add(golden.name, vocabulary.name, "");
    if (vocabulary.check == nullptr) {
      result.unknown = "this tokenizer is not known";
      continue;
    }
    const nlohmann::json rows = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
    result.failure = rows.is_array() ? vocabulary.check(golden, rows, &result)
                                     : absl::InvalidArgumentError("the strings are not JSON");
  }
}

}  // namespace hanga
