// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/prompt_chunks.h"

#include <algorithm>
#include <utility>

#include "worker/tokenizers/weighted_prompt.h"

namespace hanga {
namespace {

constexpr size_t kCommaBacktrack = 20, kLongWord = 8;

struct Token {
  int64_t id;
  float weight;
};
using Tokens = std::vector<Token>;

// Without start and end.
Tokens TokensOf(const ClipTokenizer& tokenizer, const WeightedText& text) {
  const std::vector<int64_t> ids = tokenizer.Encode(text.text);
  Tokens tokens;
  for (size_t i = 1; i + 1 < ids.size(); ++i)
    tokens.push_back({ids[i], static_cast<float>(text.weight)});
  return tokens;
}

// Rows are filled and closed one after the other.
class Chunker {
 public:
  explicit Chunker(const ClipTokenizer& tokenizer)
      : tokenizer_(tokenizer), length_(static_cast<size_t>(tokenizer.max_length())) {}

  size_t room() const { return length_ - 2 - open_.size(); }
  bool empty() const { return open_.empty(); }
  bool any() const { return !chunks_.empty(); }
  void Add(const Token& token) { open_.push_back(token); }

  void Close() {
    PromptChunk chunk;
    chunk.ids.assign(length_, tokenizer_.pad_id());
    chunk.weights.assign(length_, 1);
    chunk.ids[0] = tokenizer_.start_id();
    for (size_t i = 0; i < open_.size(); ++i) {
      chunk.ids[i + 1] = open_[i].id;
      chunk.weights[i + 1] = open_[i].weight;
    }
    chunk.ids[open_.size() + 1] = tokenizer_.end_id();
    chunks_.push_back(std::move(chunk));
    open_.clear();
  }
  // Closes the row after its first `kept` tokens; the rest begins the next one.
  void CloseAt(size_t kept) {
    const auto cut = open_.begin() + static_cast<std::ptrdiff_t>(kept);
    Tokens rest(cut, open_.end());
    open_.erase(cut, open_.end());
    Close();
    open_ = std::move(rest);
  }
  std::vector<PromptChunk> Take() { return std::move(chunks_); }
  size_t size() const { return open_.size(); }

 private:
  const ClipTokenizer& tokenizer_;
  const size_t length_;
  Tokens open_;
  std::vector<PromptChunk> chunks_;
};

}  // namespace

bool PromptChunk::weighted() const {
  return std::any_of(weights.begin(), weights.end(), [](float w) { return w != 1; });
}

std::vector<PromptChunk> A1111Chunks(const ClipTokenizer& tokenizer, std::string_view prompt) {
  const std::vector<int64_t> comma = tokenizer.Encode(",");
  constexpr size_t kNone = static_cast<size_t>(-1);
  Chunker chunks(tokenizer);
  size_t last_comma = kNone;  // in the open row
  const auto close = [&](size_t kept) {
    chunks.CloseAt(kept);
    last_comma = kNone;
  };
  for (const WeightedText& text : ReadA1111Prompt(prompt)) {
    if (text.starts_chunk) close(chunks.size());
    for (const Token& token : TokensOf(tokenizer, text)) {
      const bool full = chunks.room() == 0;
      const bool near_comma = last_comma != kNone && chunks.size() - last_comma <= kCommaBacktrack;
      if (token.id == comma[1]) {
        last_comma = chunks.size();
      } else if (full && near_comma) {
        close(last_comma + 1);
      }
      if (chunks.room() == 0) close(chunks.size());
      chunks.Add(token);
    }
  }
  if (!chunks.empty() || !chunks.any()) chunks.Close();
  return chunks.Take();
}

std::vector<PromptChunk> ComfyChunks(const ClipTokenizer& tokenizer, std::string_view prompt) {
  Chunker chunks(tokenizer);
  for (const WeightedText& text : ReadComfyPrompt(prompt)) {
    const Tokens tokens = TokensOf(tokenizer, text);
    if (tokens.size() < kLongWord && tokens.size() > chunks.room()) chunks.Close();
    for (const Token& token : tokens) {
      if (chunks.room() == 0) chunks.Close();
      chunks.Add(token);
    }
  }
  chunks.Close();
  return chunks.Take();
}

}  // namespace hanga
