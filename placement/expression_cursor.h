// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A cursor over the text of an expression: tokens, positions, and the errors that point at them.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "placement/expression.h"

namespace hanga::placement {

// Not thread-safe. After a failure `status` holds the first error and every call is harmless.
class ExpressionCursor {
 public:
  explicit ExpressionCursor(std::string_view text) : text_(text) {}

  void SkipSpace();
  bool AtEnd();
  char Peek();        // '\0' at the end; after spaces
  bool Take(char c);  // takes it if it is next, after spaces
  void Expect(char c, const std::string& what);
  // Letters, digits, underscores and dots, in lower case; empty if none follow.
  std::string Word();
  // Digits with at most one point; false, and an error, if none follow.
  bool Number(double* value, std::string* spelling);
  // Letters and digits directly behind a number; empty if none.
  std::string UnitLetters();

  // The text up to the first of `stops` or the end; does not move.
  std::string_view Ahead(std::string_view stops) const;
  std::string_view From(int offset) const { return text_.substr(offset, offset_ - offset); }

  int offset() const { return static_cast<int>(offset_); }
  void Rewind(int offset) { offset_ = offset; }
  void Fail(int offset, const std::string& expected, const std::string& suggestion = "");
  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

 private:
  std::string_view text_;
  size_t offset_ = 0;
  absl::Status status_;
};

}  // namespace hanga::placement
