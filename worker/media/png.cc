// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/media/png.h"

#include <png.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "worker/media/png_rows.h"

namespace hanga {
namespace {

constexpr size_t kMaxTextBytes = 1 << 20;  // of one chunk that is read

// libpng reports errors through longjmp, which must not cross objects with destructors: what the
// callbacks touch lives outside the functions that call setjmp.
struct Encoding {
  std::string bytes;
  std::string error;
};

void KeepError(png_structp png, png_const_charp message) {
  *static_cast<std::string*>(png_get_error_ptr(png)) = message;
  png_longjmp(png, 1);
}

void IgnoreWarning(png_structp, png_const_charp) {}

void Append(png_structp png, png_bytep data, size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(data), size);
}

// Whether UTF-8 text can be written as Latin-1, and its Latin-1 bytes.
bool ToLatin1(const std::string& utf8, std::string* latin1) {
  latin1->clear();
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80) {
      latin1->push_back(utf8[i]);
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < utf8.size()) {
      latin1->push_back(static_cast<char>(((byte & 3) << 6) | (utf8[++i] & 0x3f)));
    } else {
      return false;
    }
  }
  return true;
}

std::string Latin1ToUtf8(std::string_view latin1) {
  std::string utf8;
  for (const char c : latin1) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      utf8.push_back(c);
    } else {
      utf8.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      utf8.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return utf8;
}

// Text chunks as libpng wants them; `latin1` owns what they point to.
std::vector<png_text> MakeChunks(const TextEntryList& text, std::vector<std::string>* latin1) {
  std::vector<png_text> chunks(text.size());
  latin1->resize(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    png_text& chunk = chunks[i];
    std::memset(&chunk, 0, sizeof(chunk));
    chunk.key = const_cast<char*>(text[i].first.c_str());
    if (ToLatin1(text[i].second, &(*latin1)[i])) {
      chunk.compression = PNG_TEXT_COMPRESSION_NONE;
      chunk.text = (*latin1)[i].data();
      chunk.text_length = (*latin1)[i].size();
    } else {
      chunk.compression = PNG_ITXT_COMPRESSION_NONE;
      chunk.text = const_cast<char*>(text[i].second.c_str());
      chunk.itxt_length = text[i].second.size();
    }
  }
  return chunks;
}

bool Write(png_structp png, png_infop info, const Image& image, const std::string& rows,
           std::vector<png_text>& chunks) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_IHDR(png, info, image.width, image.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!chunks.empty()) png_set_text(png, info, chunks.data(), static_cast<int>(chunks.size()));
  png_write_info(png, info);
  png_write_chunk(png, reinterpret_cast<png_const_bytep>("IDAT"),
                  reinterpret_cast<png_const_bytep>(rows.data()), rows.size());
  // Not png_write_end, which knows of no rows but those that libpng has compressed.
  png_write_chunk(png, reinterpret_cast<png_const_bytep>("IEND"), nullptr, 0);
  return true;
}

struct Source {
  std::string_view bytes;
  size_t position = 0;
};

void ReadFrom(png_structp png, png_bytep data, size_t size) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (source->bytes.size() - source->position < size) png_error(png, "it ends too early");
  std::memcpy(data, source->bytes.data() + source->position, size);
  source->position += size;
}

bool Read(png_structp png, png_infop info, Image* image) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_user_limits(png, kMaxPictureSide, kMaxPictureSide);
  png_set_chunk_malloc_max(png, kMaxTextBytes);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_strip_alpha(png);
  png_set_gray_to_rgb(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  image->width = static_cast<int>(png_get_image_width(png, info));
  image->height = static_cast<int>(png_get_image_height(png, info));
  const size_t stride = size_t{3} * image->width;
  image->rgb.resize(stride * image->height);
  for (int pass = 0; pass < passes; ++pass) {
    for (int y = 0; y < image->height; ++y) {
      png_read_row(png, image->rgb.data() + y * stride, nullptr);
    }
  }
  png_read_end(png, info);
  return true;
}

TextEntryList ReadText(png_structp png, png_infop info) {
  png_textp chunks = nullptr;
  const int count = png_get_text(png, info, &chunks, nullptr);
  TextEntryList text;
  for (int i = 0; i < count; ++i) {
    const bool utf8 = chunks[i].compression >= PNG_ITXT_COMPRESSION_NONE;
    const std::string_view value(chunks[i].text,
                                 utf8 ? chunks[i].itxt_length : chunks[i].text_length);
    text.emplace_back(chunks[i].key, utf8 ? std::string(value) : Latin1ToUtf8(value));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> EncodePng(const Image& image, const TextEntryList& text) {
  if (image.width < 1 || image.height < 1 || image.width > kMaxPictureSide ||
      image.height > kMaxPictureSide ||
      image.rgb.size() != size_t{3} * image.width * image.height) {
    return absl::InvalidArgumentError(absl::StrCat(
        "picture of ", image.width, "x", image.height, " pixels and ", image.rgb.size(),
        " bytes: sides must be 1 to ", kMaxPictureSide, ", with 3 bytes a pixel"));
  }
  const std::string rows = CompressPngRows(image);
  Encoding encoding;
  std::vector<std::string> latin1;
  std::vector<png_text> chunks = MakeChunks(text, &latin1);
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &encoding.error, KeepError, IgnoreWarning);
  if (png == nullptr) return absl::ResourceExhaustedError("no memory to encode a PNG");
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &encoding.bytes, Append, nullptr);
  const bool written = info != nullptr && Write(png, info, image, rows, chunks);
  png_destroy_write_struct(&png, &info);
  if (!written) return absl::InternalError(absl::StrCat("PNG encoding: ", encoding.error));
  return std::move(encoding.bytes);
}

absl::StatusOr<DecodedPng> DecodePng(std::string_view bytes) {
  std::string error = "no memory";
  Source source{bytes};
  DecodedPng decoded;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &error, KeepError, IgnoreWarning);
  if (png == nullptr) return absl::ResourceExhaustedError("no memory to decode a PNG");
  png_infop info = png_create_info_struct(png);
  png_set_read_fn(png, &source, ReadFrom);
  const bool read = info != nullptr && Read(png, info, &decoded.image);
  if (read) decoded.text = ReadText(png, info);
  png_destroy_read_struct(&png, &info, nullptr);
  if (!read) return absl::InvalidArgumentError(absl::StrCat("not a usable PNG: ", error));
  return decoded;
}

}  // namespace hanga
