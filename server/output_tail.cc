// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/output_tail.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace hanga {

void OutputTail::Append(absl::string_view bytes,
                        const std::function<void(const std::string&)>& on_line) {
  for (const char byte : bytes) {
    if (byte == '\n') {
      on_line(unfinished_);
      lines_.push_back(std::move(unfinished_));
      unfinished_.clear();
      if (lines_.size() > kMostLines) lines_.pop_front();
    } else if (unfinished_.size() < kMostLineBytes && byte != '\r') {
      const bool printable = byte == '\t' || (byte >= 0x20 && byte < 0x7f);
      unfinished_ += printable ? byte : '?';
    }
  }
}

std::string OutputTail::Text() const {
  std::string text;
  for (const std::string& line : lines_) absl::StrAppend(&text, line, "\n");
  return text + unfinished_;
}

std::string OutputTail::LastLine() const {
  if (!unfinished_.empty()) return unfinished_;
  const auto last = std::find_if(lines_.rbegin(), lines_.rend(),
                                 [](const std::string& line) { return !line.empty(); });
  return last == lines_.rend() ? "" : *last;
}

void OutputTail::Clear() {
  lines_.clear();
  unfinished_.clear();
}

}  // namespace hanga
