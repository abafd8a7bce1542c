// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// CLIP's tokenizer: lower-cased byte-pair encoding, identical to transformers' CLIPTokenizer
// without the ftfy package.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/tokenizers/added_words.h"
#include "worker/tokenizers/token_ids.h"

namespace hanga {

// Thread-safe while no words are set.
class ClipTokenizer {
 public:
  // From a folder with vocab.json and merges.txt, and tokenizer_config.json and
  // special_tokens_map.json where they exist (pad token, maximal length). NOT_FOUND: a file is
  // missing. INVALID_ARGUMENT: a file is malformed.
  static absl::StatusOr<std::unique_ptr<ClipTokenizer>> Load(const std::string& folder);

  ~ClipTokenizer();

  // Words that stand for tokens beyond the vocabulary, from now on.
  void SetAddedWords(AddedWords words) { added_ = std::move(words); }

  // Start token, text, end token; neither cut nor padded. Bytes that are not UTF-8 become U+FFFD.
  // Linear in the text's length.
  std::vector<int64_t> Encode(std::string_view text) const;

  // The same, cut or padded to max_length(); the last token is kept as the end token.
  TokenIds EncodePadded(std::string_view text) const;

  int max_length() const { return max_length_; }  // 77, start and end included
  int64_t start_id() const { return start_id_; }
  int64_t end_id() const { return end_id_; }
  int64_t pad_id() const { return pad_id_; }
  int64_t vocabulary_size() const;

 private:
  struct Vocabulary;
  explicit ClipTokenizer(std::unique_ptr<Vocabulary> vocabulary);

  void EncodeText(std::string_view text, std::vector<int64_t>& ids) const;

  std::unique_ptr<Vocabulary> vocabulary_;
  AddedWords added_;
  int max_length_ = 77;
  int64_t start_id_ = 0, end_id_ = 0, pad_id_ = 0;
};

}  // namespace hanga
