// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/clip_tokenizer.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/tokenizers/byte_pair_encoder.h"
#include "worker/tokenizers/clip_words.h"
#include "worker/tokenizers/model_file.h"
#include "worker/tokenizers/special_tokens.h"

namespace hanga {
namespace {

constexpr char kStart[] = "<|startoftext|>", kEnd[] = "<|endoftext|>";
constexpr size_t kMaxMerges = 48894;  // the reference reads no more
constexpr int kDefaultLength = 77, kMaxLength = 1024;

// tokenizer_config.json before special_tokens_map.json; both may be missing.
struct Configuration {
  nlohmann::json config = nlohmann::json::object(), map = nlohmann::json::object();

  std::string Token(const std::string& name, const std::string& otherwise) const {
    if (const auto token = ConfiguredToken(config, name)) return *token;
    return ConfiguredToken(map, name).value_or(otherwise);
  }
  int MaxLength() const {
    const auto length = config.find("model_max_length");
    if (length == config.end() || !length->is_number_integer()) return kDefaultLength;
    const auto value = length->get<int64_t>();
    return value >= 2 && value <= kMaxLength ? static_cast<int>(value) : kDefaultLength;
  }
};

absl::StatusOr<Configuration> ReadConfiguration(const std::string& folder) {
  Configuration configuration;
  for (auto [name, json] : {std::pair("tokenizer_config.json", &configuration.config),
                            std::pair("special_tokens_map.json", &configuration.map)}) {
    auto read = ReadTokenizerJson(folder, name);
    if (absl::IsNotFound(read.status())) continue;
    if (!read.ok()) return read.status();
    *json = *std::move(read);
  }
  return configuration;
}

absl::StatusOr<int64_t> IdOf(const nlohmann::json& vocabulary, const SpecialTokens& special,
                             const std::string& token) {
  if (const auto id = special.Find(token)) return *id;
  const auto found = vocabulary.find(token);
  if (found != vocabulary.end() && found->is_number_unsigned()) return found->get<int64_t>();
  return absl::InvalidArgumentError(absl::StrCat("vocab.json lacks the token '", token, "'"));
}

}  // namespace

struct ClipTokenizer::Vocabulary {
  SpecialTokens special;
  BytePairEncoder encoder;
  int64_t start_word, end_word;  // ids of the texts kStart and kEnd
  int64_t size;
};

ClipTokenizer::ClipTokenizer(std::unique_ptr<Vocabulary> vocabulary)
    : vocabulary_(std::move(vocabulary)) {}
ClipTokenizer::~ClipTokenizer() = default;

int64_t ClipTokenizer::vocabulary_size() const { return vocabulary_->size; }

absl::StatusOr<std::unique_ptr<ClipTokenizer>> ClipTokenizer::Load(const std::string& folder) {
  const auto vocabulary = ReadTokenizerJson(folder, "vocab.json");
  if (!vocabulary.ok()) return vocabulary.status();
  const auto merges = ReadTokenizerFile(folder, "merges.txt");
  if (!merges.ok()) return merges.status();
  const auto configuration = ReadConfiguration(folder);
  if (!configuration.ok()) return configuration.status();

  SpecialTokens special;
  special.AddFromConfig(configuration->config);
  const std::string names[] = {configuration->Token("bos_token", kStart),
                               configuration->Token("eos_token", kEnd),
                               configuration->Token("unk_token", kEnd),
                               configuration->Token("pad_token", kEnd),
                               kStart,
                               kEnd};
  int64_t ids[6];
  for (int i = 0; i < 6; ++i) {
    const auto id = IdOf(*vocabulary, special, names[i]);
    if (!id.ok()) return id.status();
    ids[i] = *id;
  }
  for (int i = 0; i < 4; ++i) special.Add(names[i], ids[i]);

  auto encoder = BytePairEncoder::Make(*vocabulary, *merges, kMaxMerges, "</w>", ids[2]);
  if (!encoder.ok()) return encoder.status();
  auto made = std::unique_ptr<ClipTokenizer>(new ClipTokenizer(
      std::make_unique<Vocabulary>(Vocabulary{std::move(special), *std::move(encoder), ids[4],
                                              ids[5], static_cast<int64_t>(vocabulary->size())})));
  made->start_id_ = ids[0];
  made->end_id_ = ids[1];
  made->pad_id_ = ids[3];
  made->max_length_ = configuration->MaxLength();
  return made;
}

std::vector<int64_t> ClipTokenizer::Encode(std::string_view text) const {
  std::vector<int64_t> ids{start_id_};
  for (const WordPiece& piece : added_.Cut(text)) {
    if (piece.count == 0) EncodeText(piece.text, ids);
    for (int i = 0; i < piece.count; ++i) ids.push_back(piece.first_id + i);
  }
  ids.push_back(end_id_);
  return ids;
}

void ClipTokenizer::EncodeText(std::string_view text, std::vector<int64_t>& ids) const {
  for (const TextSegment& segment : vocabulary_->special.Split(text)) {
    if (segment.special) {
      ids.push_back(*segment.special);
      continue;
    }
    for (const std::string& word : ClipWords(segment.text)) {
      if (word == kStart) {
        ids.push_back(vocabulary_->start_word);
      } else if (word == kEnd) {
        ids.push_back(vocabulary_->end_word);
      } else {
        vocabulary_->encoder.Encode(word, ids);
      }
    }
  }
}

TokenIds ClipTokenizer::EncodePadded(std::string_view text) const {
  return PadTokens(Encode(text), max_length_, end_id_, pad_id_);
}

}  // namespace hanga
