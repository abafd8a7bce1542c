// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/key_list.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/weights/safetensors_header.h"

namespace hanga {

void KeyList::Add(std::string_view key, const std::string& remark) {
  constexpr size_t kShown = 5;
  if (count_++ < kShown) shown_.push_back(absl::StrCat(QuoteKey(key), remark));
}

std::string KeyList::Text() const {
  if (empty()) return "";
  return absl::StrCat(count_, " ", what_, count_ == 1 ? ": " : "s: ", absl::StrJoin(shown_, ", "),
                      count_ > shown_.size() ? ", ..." : "");
}

std::string JoinKeyLists(const std::vector<KeyList>& lists) {
  std::string text;
  for (const KeyList& list : lists) {
    if (!list.empty()) absl::StrAppend(&text, text.empty() ? "" : "; ", list.Text());
  }
  return text;
}

}  // namespace hanga
