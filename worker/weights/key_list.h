// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Lists keys in a message: the first few and how many there are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hanga {

// Not thread-safe.
class KeyList {
 public:
  // `what` in the singular: "missing key".
  explicit KeyList(std::string what) : what_(std::move(what)) {}

  void Add(std::string_view key, const std::string& remark = "");
  bool empty() const { return count_ == 0; }

  // "1 missing key: 'a'", or "12 missing keys: 'a', 'b', 'c', 'd', 'e', ..."; empty if there is
  // none.
  std::string Text() const;

 private:
  std::string what_;
  std::vector<std::string> shown_;
  size_t count_ = 0;
};

// The lists that are not empty, with "; " between them.
std::string JoinKeyLists(const std::vector<KeyList>& lists);

}  // namespace hanga
