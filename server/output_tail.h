// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The last lines that a process wrote. Not thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"

namespace hanga {

class OutputTail {
 public:
  static constexpr size_t kMostLines = 40;
  static constexpr size_t kMostLineBytes = 1024;  // the rest of a longer line is dropped

  // Takes bytes as they were read; `on_line` is called for each line that they complete. Bytes that
  // are not printable ASCII become '?': the text ends in logs and in answers.
  void Append(absl::string_view bytes, const std::function<void(const std::string&)>& on_line);

  std::string Text() const;      // the lines, an unfinished one included
  std::string LastLine() const;  // that is not empty
  void Clear();

 private:
  std::deque<std::string> lines_;
  std::string unfinished_;
};

}  // namespace hanga
