// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/exif.h"

#include <cstdint>

namespace hanga {
namespace {

constexpr std::string_view kUnicode("UNICODE\0", 8);
constexpr uint16_t kExifIfd = 0x8769, kUserComment = 0x9286;
constexpr uint16_t kLong = 4, kUndefined = 7;

void Put16(std::string* out, uint16_t value) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value & 0xff));
}

void Put32(std::string* out, uint32_t value) {
  Put16(out, static_cast<uint16_t>(value >> 16));
  Put16(out, static_cast<uint16_t>(value & 0xffff));
}

// A directory of one entry, followed by "no next directory".
void PutDirectory(std::string* out, uint16_t tag, uint16_t type, uint32_t count, uint32_t value) {
  Put16(out, 1);
  Put16(out, tag);
  Put16(out, type);
  Put32(out, count);
  Put32(out, value);
  Put32(out, 0);
}

constexpr size_t kHeaderBytes = 8, kDirectoryBytes = 18;
constexpr size_t kCommentOffset = kHeaderBytes + 2 * kDirectoryBytes;

std::string Preamble(size_t comment_bytes) {
  std::string out("MM\0*", 4);
  Put32(&out, kHeaderBytes);
  PutDirectory(&out, kExifIfd, kLong, 1, kHeaderBytes + kDirectoryBytes);
  PutDirectory(&out, kUserComment, kUndefined, static_cast<uint32_t>(comment_bytes),
               kCommentOffset);
  return out;
}

// The code point that starts at `*i`, which moves behind it.
uint32_t NextCodePoint(std::string_view utf8, size_t* i) {
  const auto first = static_cast<unsigned char>(utf8[(*i)++]);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : 0;
  if (more == 0 || first >= 0xf5) return 0xfffd;
  uint32_t code = first & (0x3f >> more);
  for (int k = 0; k < more; ++k, ++*i) {
    if (*i >= utf8.size() || (utf8[*i] & 0xc0) != 0x80) return 0xfffd;
    code = code << 6 | (utf8[*i] & 0x3f);
  }
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return surrogate || code > 0x10ffff ? 0xfffd : code;
}

void PutUtf8(std::string* out, uint32_t code) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned char kFirst[] = {0, 0xc0, 0xe0, 0xf0};
  out->push_back(static_cast<char>(kFirst[more] | code >> (6 * more)));
  for (int k = more - 1; k >= 0; --k) {
    out->push_back(static_cast<char>(0x80 | ((code >> (6 * k)) & 0x3f)));
  }
}

}  // namespace

std::string MakeExifComment(std::string_view utf8) {
  std::string comment(kUnicode);
  for (size_t i = 0; i < utf8.size();) {
    const uint32_t code = NextCodePoint(utf8, &i);
    if (code < 0x10000) {
      Put16(&comment, static_cast<uint16_t>(code));
    } else {
      Put16(&comment, static_cast<uint16_t>(0xd800 + ((code - 0x10000) >> 10)));
      Put16(&comment, static_cast<uint16_t>(0xdc00 + ((code - 0x10000) & 0x3ff)));
    }
  }
  return Preamble(comment.size()) + comment;
}

std::optional<std::string> ReadExifComment(std::string_view exif) {
  if (exif.size() < kCommentOffset + kUnicode.size()) return std::nullopt;
  const size_t comment_bytes = exif.size() - kCommentOffset;
  if (exif.substr(0, kCommentOffset) != Preamble(comment_bytes)) return std::nullopt;
  if (exif.substr(kCommentOffset, kUnicode.size()) != kUnicode) return std::nullopt;
  const std::string_view text = exif.substr(kCommentOffset + kUnicode.size());
  const auto unit = [text](size_t i) {
    return uint32_t{static_cast<unsigned char>(text[i])} << 8 |
           static_cast<unsigned char>(text[i + 1]);
  };
  std::string utf8;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    uint32_t code = unit(i);
    if (code >= 0xd800 && code < 0xdc00 && i + 3 < text.size()) {
      code = 0x10000 + ((code - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
      i += 2;
    }
    PutUtf8(&utf8, code);
  }
  return utf8;
}

}  // namespace hanga
