// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/page.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "scheduler/status_details.h"

namespace hanga {

absl::StatusOr<uint32_t> PageSize(uint32_t asked, uint32_t standard) {
  if (asked <= 1'000) return asked == 0 ? standard : asked;
  return BadRequestStatus({{"page_size", absl::StrCat("is ", asked, ", must be 1 to 1000")}});
}

absl::Status BadPageToken() {
  return BadRequestStatus({{"page_token", "is not a next_page_token of this server"}});
}

absl::StatusOr<NamePage> NextPage(std::vector<std::string> names, uint32_t page_size,
                                  const std::string& token) {
  const auto size = PageSize(page_size, /*standard=*/100);
  if (!size.ok()) return size.status();
  std::sort(names.begin(), names.end());
  names.erase(names.begin(), std::upper_bound(names.begin(), names.end(), token));
  NamePage page;
  if (names.size() > *size) {
    names.resize(*size);
    page.next_token = names.back();
  }
  page.names = std::move(names);
  return page;
}

}  // namespace hanga
