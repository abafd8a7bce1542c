// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Cuts a text into the words that CLIP's byte-pair encoding works on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hanga {

// Without control characters, in normalization form C, lower-cased, CJK ideographs one by one; then
// letters, single digits and other characters apart, and English contractions as words of their
// own. The texts of CLIP's start and end token stay whole. n log n in the text's length.
std::vector<std::string> ClipWords(std::string_view text);

}  // namespace hanga
