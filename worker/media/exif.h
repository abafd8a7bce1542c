// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The smallest EXIF block that holds one comment (EXIF 2.3, tag UserComment, big-endian TIFF).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hanga {

// `utf8` as a UTF-16 comment; what is not UTF-8 becomes U+FFFD.
std::string MakeExifComment(std::string_view utf8);

// The comment of a block that MakeExifComment made, as UTF-8; nullopt for any other block.
std::optional<std::string> ReadExifComment(std::string_view exif);

}  // namespace hanga
