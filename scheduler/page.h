// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Pages of a list of names: sorted, the token is the last name of the page before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hanga {

// `asked`, or `standard` if 0. INVALID_ARGUMENT above 1,000.
absl::StatusOr<uint32_t> PageSize(uint32_t asked, uint32_t standard);

absl::Status BadPageToken();

struct NamePage {
  std::vector<std::string> names;
  std::string next_token;  // empty on the last page
};

absl::StatusOr<NamePage> NextPage(std::vector<std::string> names, uint32_t page_size,
                                  const std::string& token);

}  // namespace hanga
