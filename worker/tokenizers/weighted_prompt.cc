// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/weighted_prompt.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

namespace hanga {
namespace {

constexpr double kStronger = 1.1, kWeaker = 1 / 1.1;
constexpr std::string_view kSpaces = " \t\n\r\f\v";

double Bounded(double weight) { return std::clamp(weight, -kMostWeight, kMostWeight); }

std::optional<double> ReadNumber(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  const bool whole = !copy.empty() && end == copy.c_str() + copy.size();
  if (!whole || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

// Where the word BREAK begins at or after `from`.
size_t FindBreak(std::string_view text, size_t from) {
  constexpr std::string_view kBreak = "BREAK";
  for (size_t at = text.find(kBreak, from); at != std::string_view::npos;
       at = text.find(kBreak, at + 1)) {
    const size_t end = at + kBreak.size();
    const bool begins = at == 0 || !IsWordCharacter(text[at - 1]);
    if (begins && (end == text.size() || !IsWordCharacter(text[end]))) return at;
  }
  return std::string_view::npos;
}

// ":1.3)" at the start of `text`, spaces allowed around the number: the weight and its length.
std::optional<std::pair<double, size_t>> ReadWeight(std::string_view text) {
  const size_t close = text.find(')');
  if (text.empty() || text[0] != ':' || close == std::string_view::npos) return std::nullopt;
  const std::string_view number = Trimmed(text.substr(1, close - 1));
  if (number.empty() || number.find_first_not_of("+-.0123456789") != std::string_view::npos)
    return std::nullopt;
  const auto value = ReadNumber(number);
  if (!value) return std::nullopt;
  return std::pair(Bounded(*value), close + 1);
}

class A1111Reader {
 public:
  explicit A1111Reader(std::string_view prompt) : prompt_(prompt) {}

  std::vector<WeightedText> Read() {
    while (at_ < prompt_.size()) Next();
    FlushText();
    for (const size_t start : round_) Multiply(start, kStronger);
    for (const size_t start : square_) Multiply(start, kWeaker);
    return Merged();
  }

 private:
  void Next() {
    const char c = prompt_[at_];
    if (c == '\\' && at_ + 1 < prompt_.size() &&
        std::string_view("()[]\\").find(prompt_[at_ + 1]) != std::string_view::npos) {
      text_ += prompt_[at_ + 1];
      at_ += 2;
      return;
    }
    const auto weight = round_.empty() ? std::nullopt : ReadWeight(prompt_.substr(at_));
    if (weight) {
      Close(&round_, weight->first);
      at_ += weight->second;
      return;
    }
    ++at_;
    switch (c) {
      case '\\':
        return;  // of nothing that has to be escaped
      case '(':
        return Open(&round_);
      case '[':
        return Open(&square_);
      case ')':
        if (!round_.empty()) return Close(&round_, kStronger);
        break;
      case ']':
        if (!square_.empty()) return Close(&square_, kWeaker);
        break;
      default:
        break;
    }
    text_ += c;
  }

  void Open(std::vector<size_t>* brackets) {
    FlushText();
    brackets->push_back(pieces_.size());
  }
  void Close(std::vector<size_t>* brackets, double weight) {
    FlushText();
    Multiply(brackets->back(), weight);
    brackets->pop_back();
  }
  void Multiply(size_t start, double weight) {
    for (size_t i = start; i < pieces_.size(); ++i) {
      pieces_[i].weight = Bounded(pieces_[i].weight * weight);
    }
  }

  // The text so far, cut where it says BREAK; spaces around the word go with it.
  void FlushText() {
    std::string_view rest = text_;
    for (size_t at = FindBreak(rest, 0); at != std::string_view::npos; at = FindBreak(rest, 0)) {
      const std::string_view before = rest.substr(0, at);
      const size_t last = before.find_last_not_of(kSpaces);
      Add(before.substr(0, last == std::string_view::npos ? 0 : last + 1));
      starts_chunk_ = true;
      rest.remove_prefix(at + 5);
      const size_t next = rest.find_first_not_of(kSpaces);
      rest.remove_prefix(next == std::string_view::npos ? rest.size() : next);
    }
    Add(rest);
    text_.clear();
  }
  void Add(std::string_view text) {
    if (text.empty() && !starts_chunk_) return;
    pieces_.push_back({std::string(text), 1, starts_chunk_});
    starts_chunk_ = false;
  }

  // Neighbours of one weight are one text: they are tokenized together.
  std::vector<WeightedText> Merged() {
    std::vector<WeightedText> merged;
    for (WeightedText& piece : pieces_) {
      if (!merged.empty() && !piece.starts_chunk && merged.back().weight == piece.weight) {
        merged.back().text += piece.text;
      } else {
        merged.push_back(std::move(piece));
      }
    }
    if (merged.empty()) merged.push_back({});
    return merged;
  }

  const std::string_view prompt_;
  size_t at_ = 0;
  std::string text_;
  bool starts_chunk_ = false;
  std::vector<size_t> round_, square_;  // pieces at which brackets were opened
  std::vector<WeightedText> pieces_;
};

// Escaped brackets as characters that no prompt has, and back.
constexpr char kOpen = '\1', kClose = '\2';

std::string Protected(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 1 < text.size();
    if (escaped && text[i + 1] == '(') {
      out += kOpen, ++i;
    } else if (escaped && text[i + 1] == ')') {
      out += kClose, ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Unprotected(std::string text) {
  for (char& c : text) c = c == kOpen ? '(' : c == kClose ? ')' : c;
  return text;
}

// Groups of the outermost brackets, with them; what is never closed runs to the end.
std::vector<std::string_view> OutermostGroups(std::string_view text) {
  std::vector<std::string_view> groups;
  size_t begin = 0;
  int depth = 0;
  const auto cut = [&](size_t end) {
    if (end > begin) groups.push_back(text.substr(begin, end - begin));
    begin = end;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') {
      if (depth++ == 0) cut(i);
    } else if (text[i] == ')') {
      if (--depth == 0) cut(i + 1);
    }
  }
  cut(text.size());
  return groups;
}

constexpr int kDeepest = 64;  // brackets; what lies deeper weighs no more

void AddComfy(std::string_view text, double weight, int depth, std::vector<WeightedText>* out) {
  for (std::string_view group : OutermostGroups(text)) {
    const bool bracketed = group.size() >= 2 && group.front() == '(' && group.back() == ')';
    if (!bracketed || depth == kDeepest) {
      out->push_back({Unprotected(std::string(group)), weight, false});
      continue;
    }
    group = group.substr(1, group.size() - 2);
    double inner = Bounded(weight * kStronger);
    const size_t colon = group.rfind(':');
    if (colon != std::string_view::npos && colon > 0) {
      // A number replaces the weight of everything around it.
      if (const auto value = ReadNumber(Trimmed(group.substr(colon + 1)))) {
        inner = Bounded(*value);
        group = group.substr(0, colon);
      }
    }
    AddComfy(group, inner, depth + 1, out);
  }
}

}  // namespace

std::vector<WeightedText> ReadA1111Prompt(std::string_view prompt) {
  return A1111Reader(prompt).Read();
}

std::vector<WeightedText> ReadComfyPrompt(std::string_view prompt) {
  std::vector<WeightedText> texts;
  const std::string safe = Protected(prompt);
  AddComfy(safe, 1, 0, &texts);
  if (texts.empty()) texts.push_back({});
  return texts;
}

}  // namespace hanga
