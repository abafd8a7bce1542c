// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/t5_tokenizer.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/tokenizers/character_map.h"
#include "worker/tokenizers/model_file.h"
#include "worker/tokenizers/sentencepiece_model.pb.h"
#include "worker/tokenizers/special_tokens.h"
#include "worker/tokenizers/unicode.h"
#include "worker/tokenizers/unigram.h"

namespace hanga {
namespace {

using tokenizers::SentencePieceModel;

constexpr std::string_view kSpaceMark = "\u2581";  // stands for the space before a word
constexpr int kUnigramModel = 1, kUnknownPiece = 2, kControlPiece = 3;
constexpr int kDefaultSentinels = 100;  // <extra_id_0> and on, after the file's pieces

absl::StatusOr<SentencePieceModel> ReadModel(const std::string& folder) {
  const auto bytes = ReadTokenizerFile(folder, "spiece.model");
  if (!bytes.ok()) return bytes.status();
  SentencePieceModel model;
  if (!model.ParseFromString(*bytes) || model.pieces().empty()) {
    return absl::InvalidArgumentError("spiece.model is no SentencePiece model");
  }
  if (model.trainer_spec().model_type() > kUnigramModel) {
    return absl::InvalidArgumentError("spiece.model is no unigram model");
  }
  return model;
}

absl::StatusOr<nlohmann::json> ReadConfig(const std::string& folder) {
  auto config = ReadTokenizerJson(folder, "tokenizer_config.json");
  if (absl::IsNotFound(config.status())) return nlohmann::json::object();
  return config;
}

int Sentinels(const nlohmann::json& config) {
  const auto count = config.find("extra_ids");
  if (count == config.end() || !count->is_number_unsigned()) return kDefaultSentinels;
  return static_cast<int>(std::min<uint64_t>(count->get<uint64_t>(), 1000));
}

// Trailing white space goes, runs of spaces become one mark, and so do single ones.
std::string MarkSpaces(std::string_view text) {
  std::u32string_view kept;
  const std::u32string decoded = DecodeUtf8(text);
  kept = decoded;
  while (!kept.empty() && IsWhiteSpace(kept.back())) kept.remove_suffix(1);
  std::string marked;
  const std::string bytes = EncodeUtf8(kept);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != ' ') {
      marked += bytes[i];
    } else if (i == 0 || bytes[i - 1] != ' ') {
      marked += kSpaceMark;
    }
  }
  return marked;
}

}  // namespace

struct T5Tokenizer::Model {
  CharacterMap characters;
  Unigram unigram;
  SpecialTokens special;
  int64_t size;

  // A stretch of text between special tokens.
  void Encode(std::string_view text, bool first, std::vector<int64_t>& ids) const {
    std::string marked = MarkSpaces(characters.Apply(DecodeUtf8(text)));
    if (marked.empty()) return;
    if (first && !marked.starts_with(kSpaceMark)) marked.insert(0, kSpaceMark);
    for (std::string_view rest = marked; !rest.empty();) {
      const size_t length = std::min(rest.find(kSpaceMark, 1), rest.size());
      unigram.Encode(rest.substr(0, length), ids);
      rest.remove_prefix(length);
    }
  }
};

T5Tokenizer::T5Tokenizer(std::unique_ptr<Model> model) : model_(std::move(model)) {}
T5Tokenizer::~T5Tokenizer() = default;

int64_t T5Tokenizer::vocabulary_size() const { return model_->size; }

absl::StatusOr<std::unique_ptr<T5Tokenizer>> T5Tokenizer::Load(const std::string& folder) {
  const auto file = ReadModel(folder);
  if (!file.ok()) return file.status();
  const auto config = ReadConfig(folder);
  if (!config.ok()) return config.status();
  auto characters = CharacterMap::Parse(file->normalizer_spec().precompiled_charsmap());
  if (!characters.ok()) return characters.status();

  int64_t unknown_id = -1;
  SpecialTokens special;
  for (int id = 0; id < file->pieces_size(); ++id) {
    const auto& piece = file->pieces(id);
    if (piece.type() == kUnknownPiece) unknown_id = id;
    if (piece.type() == kUnknownPiece || piece.type() == kControlPiece) {
      special.Add(piece.piece(), id);
    }
  }
  special.AddFromConfig(*config);
  const int sentinels = Sentinels(*config);
  for (int i = 0; i < sentinels; ++i) {
    special.Add(absl::StrCat("<extra_id_", i, ">"), file->pieces_size() + sentinels - 1 - i);
  }
  const auto end_id = special.Find("</s>"), pad_id = special.Find("<pad>");
  if (unknown_id < 0 || !end_id || !pad_id) {
    return absl::InvalidArgumentError("spiece.model lacks <unk>, </s> or <pad>");
  }

  Unigram unigram(unknown_id);
  for (int id = 0; id < file->pieces_size(); ++id) {
    const auto& piece = file->pieces(id);
    const auto added = unigram.Add(piece.piece(), piece.score(), id);
    if (!added.ok()) return added;
  }
  // Normalisation may give a special token's text, as from full-width letters.
  for (const auto& [content, id] : special.tokens()) {
    if (const auto added = unigram.Add(content, 0, id); !added.ok()) return added;
  }

  const int64_t size = file->pieces_size() + sentinels;
  auto tokenizer = std::unique_ptr<T5Tokenizer>(new T5Tokenizer(std::make_unique<Model>(
      Model{*std::move(characters), std::move(unigram), std::move(special), size})));
  tokenizer->end_id_ = *end_id;
  tokenizer->pad_id_ = *pad_id;
  return tokenizer;
}

std::vector<int64_t> T5Tokenizer::Encode(std::string_view text) const {
  std::vector<int64_t> ids;
  for (const TextSegment& segment : model_->special.Split(text)) {
    if (segment.special) {
      ids.push_back(*segment.special);
    } else {
      model_->Encode(segment.text, segment.offset == 0, ids);
    }
  }
  ids.push_back(end_id_);
  return ids;
}

TokenIds T5Tokenizer::EncodePadded(std::string_view text, int length) const {
  return PadTokens(Encode(text), length, end_id_, pad_id_);
}

}  // namespace hanga
