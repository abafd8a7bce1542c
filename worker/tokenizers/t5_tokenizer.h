// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// T5's tokenizer: SentencePiece's unigram model, identical to transformers' T5TokenizerFast.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/tokenizers/token_ids.h"

namespace hanga {

// Immutable once loaded. Thread-safe.
class T5Tokenizer {
 public:
  // From a folder with spiece.model. NOT_FOUND: it is missing. INVALID_ARGUMENT: it is malformed.
  static absl::StatusOr<std::unique_ptr<T5Tokenizer>> Load(const std::string& folder);

  ~T5Tokenizer();

  // Text and end token; neither cut nor padded. Bytes that are not UTF-8 become U+FFFD. Linear in
  // the text's length.
  std::vector<int64_t> Encode(std::string_view text) const;

  // The same, cut or padded to `length`; the last token is kept as the end token.
  TokenIds EncodePadded(std::string_view text, int length) const;

  int64_t end_id() const { return end_id_; }
  int64_t pad_id() const { return pad_id_; }
  int64_t vocabulary_size() const;

 private:
  struct Model;
  explicit T5Tokenizer(std::unique_ptr<Model> model);

  std::unique_ptr<Model> model_;
  int64_t end_id_ = 1, pad_id_ = 0;
};

}  // namespace hanga
