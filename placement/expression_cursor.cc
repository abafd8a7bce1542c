// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/expression_cursor.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace hanga::placement {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

void ExpressionCursor::SkipSpace() {
  while (offset_ < text_.size() && (text_[offset_] == ' ' || text_[offset_] == '\t')) ++offset_;
}

bool ExpressionCursor::AtEnd() {
  SkipSpace();
  return offset_ >= text_.size();
}

char ExpressionCursor::Peek() { return AtEnd() ? '\0' : text_[offset_]; }

bool ExpressionCursor::Take(char c) {
  if (!ok() || AtEnd() || text_[offset_] != c) return false;
  ++offset_;
  return true;
}

void ExpressionCursor::Expect(char c, const std::string& what) {
  if (!Take(c)) Fail(offset(), what);
}

std::string ExpressionCursor::Word() {
  SkipSpace();
  std::string word;
  while (offset_ < text_.size()) {
    const char c = text_[offset_];
    if (!IsLetter(c) && !IsDigit(c) && c != '_' && c != '.') break;
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    ++offset_;
  }
  return word;
}

bool ExpressionCursor::Number(double* value, std::string* spelling) {
  SkipSpace();
  const size_t start = offset_;
  bool point = false;
  while (offset_ < text_.size() && (IsDigit(text_[offset_]) || (text_[offset_] == '.' && !point))) {
    point = point || text_[offset_] == '.';
    ++offset_;
  }
  *spelling = std::string(text_.substr(start, offset_ - start));
  constexpr size_t kLongest = 24;
  if (spelling->empty() || spelling->size() > kLongest || !absl::SimpleAtod(*spelling, value)) {
    Fail(static_cast<int>(start), "a number");
    return false;
  }
  return true;
}

std::string ExpressionCursor::UnitLetters() {
  std::string unit;
  SkipSpace();
  while (offset_ < text_.size() && IsLetter(text_[offset_])) unit += text_[offset_++];
  return unit;
}

std::string_view ExpressionCursor::Ahead(std::string_view stops) const {
  const size_t end = text_.find_first_of(stops, offset_);
  return text_.substr(offset_, end == std::string_view::npos ? end : end - offset_);
}

void ExpressionCursor::Fail(int offset, const std::string& expected,
                            const std::string& suggestion) {
  if (ok()) status_ = ExpressionError(text_, offset, expected, suggestion);
}

absl::Status ExpressionError(std::string_view text, int offset, const std::string& expected,
                             const std::string& suggestion) {
  // One printable character for one byte keeps the caret under the right one.
  constexpr int kBefore = 60, kAfter = 40;
  const int begin = std::max(0, offset - kBefore);
  std::string shown(text.substr(begin, kBefore + kAfter));
  for (char& c : shown) {
    if (!std::isprint(static_cast<unsigned char>(c))) c = '?';
  }
  std::string found = offset >= static_cast<int>(text.size()) ? "the end" : "";
  if (found.empty()) found = absl::StrCat("\"", shown.substr(offset - begin, 12), "\"");
  std::string message =
      absl::StrCat("placement: column ", offset + 1, ": expected ", expected, ", found ", found,
                   "\n  ", shown, "\n  ", std::string(offset - begin, ' '), "^");
  if (!suggestion.empty()) absl::StrAppend(&message, "\n  did you mean ", suggestion, "?");
  return absl::InvalidArgumentError(message);
}

}  // namespace hanga::placement
