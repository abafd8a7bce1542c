// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Unicode as the reference tokenizers see it, over UTF-8 and code points.
#pragma once

#include <string>
#include <string_view>

namespace hanga {

// Each byte that is not part of valid UTF-8 becomes U+FFFD.
std::u32string DecodeUtf8(std::string_view text);
std::string EncodeUtf8(std::u32string_view text);

bool IsLetter(char32_t c);      // category L
bool IsNumber(char32_t c);      // category N
bool IsOther(char32_t c);       // category C: control, format, unassigned, private use
bool IsSpace(char32_t c);       // category Zs
bool IsWhiteSpace(char32_t c);  // the property White_Space

// Normalization form C, in n log n for any input.
std::u32string ComposeCanonically(std::u32string_view text);

// Full lower-casing of one word, with the final sigma and the dotted capital I.
std::u32string LowerCase(std::u32string_view word);

}  // namespace hanga
