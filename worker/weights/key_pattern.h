// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Patterns over keys: `#` stands for an index, `*` for the rest of the key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hanga {

// What the pattern's signs stand for in `key`, in their order; nothing if it does not match. `#`
// takes one to six digits; `*` may only end a pattern and takes at least one character.
std::optional<std::vector<std::string>> MatchKey(std::string_view pattern, std::string_view key);

// The name that `to` gives, its signs replaced in order. `~` is `#` counted down: largest - index.
std::string NameFromPattern(std::string_view to, const std::vector<std::string>& captures,
                            int largest);

// The index that `key` has where `pattern` has its first sign; -1 if that is no index or if what
// precedes it differs.
int FirstIndex(std::string_view pattern, std::string_view key);

}  // namespace hanga
