// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/safetensors.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/weights/mapped_file.h"
#include "worker/weights/safetensors_header.h"

namespace hanga {
namespace {

constexpr uint64_t kLengthBytes = 8;

uint64_t LittleEndian(absl::Span<const std::byte> bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes[i]);
  return value;
}

// The header's text, once its length fits the limit and the file.
absl::StatusOr<std::string_view> HeaderText(absl::Span<const std::byte> file) {
  if (file.size() < kLengthBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("is ", file.size(), " bytes long, too short for a header"));
  }
  const uint64_t length = LittleEndian(file.first(kLengthBytes));
  if (length > kMaxSafetensorsHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the header claims ", length, " bytes; the limit is ", kMaxSafetensorsHeaderBytes));
  }
  if (length > file.size() - kLengthBytes) {
    return absl::InvalidArgumentError(absl::StrCat("is truncated: the header claims ", length,
                                                   " bytes, the file has ", file.size()));
  }
  const auto* text = reinterpret_cast<const char*>(file.data() + kLengthBytes);
  if (length == 0 || text[0] != '{') {
    return absl::InvalidArgumentError("the header does not start with '{'");
  }
  return std::string_view(text, length);
}

// Bytes of a tensor of this shape and type; fails when they do not fit 63 bits.
absl::StatusOr<uint64_t> ShapeBytes(const SafetensorsEntry& entry) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  uint64_t bytes = DataTypeBytes(entry.type);
  for (const uint64_t size : entry.shape) {
    if (size > kMax || (size != 0 && bytes > kMax / size)) {
      return absl::InvalidArgumentError(absl::StrCat(QuoteKey(entry.key), ": the shape overflows"));
    }
    bytes *= size;
  }
  return bytes;
}

// Tensors must lie one after the other, without holes or overlaps, from the header's end to the
// file's: then each byte of the file has one meaning.
absl::Status CheckLayout(std::vector<SafetensorsEntry>& entries, uint64_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t position = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != position || entry.end < entry.begin) {
      return absl::InvalidArgumentError(
          absl::StrCat(QuoteKey(entry.key), ": data_offsets [", entry.begin, ", ", entry.end,
                       "] leave a hole or overlap; they must begin at ", position));
    }
    const absl::StatusOr<uint64_t> bytes = ShapeBytes(entry);
    if (!bytes.ok()) return bytes.status();
    if (*bytes != entry.end - entry.begin) {
      return absl::InvalidArgumentError(absl::StrCat(QuoteKey(entry.key), ": the shape needs ",
                                                     *bytes, " bytes, data_offsets give ",
                                                     entry.end - entry.begin));
    }
    if (entry.end > data_bytes) {
      return absl::InvalidArgumentError(absl::StrCat(QuoteKey(entry.key), ": ends at ", entry.end,
                                                     ", but the file has only ", data_bytes,
                                                     " bytes of data: it is truncated"));
    }
    position = entry.end;
  }
  if (position != data_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the last ", data_bytes - position, " bytes belong to no tensor"));
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorSource> Parse(absl::Span<const std::byte> file,
                                   const std::shared_ptr<const void>& owner) {
  const absl::StatusOr<std::string_view> text = HeaderText(file);
  if (!text.ok()) return text.status();
  absl::StatusOr<SafetensorsHeader> header = ParseSafetensorsHeader(*text);
  if (!header.ok()) return header.status();
  const auto data = file.subspan(kLengthBytes + text->size());
  if (const auto status = CheckLayout(header->entries, data.size()); !status.ok()) return status;

  TensorSource::Tensors tensors;
  for (SafetensorsEntry& entry : header->entries) {
    StoredTensor& tensor = tensors[std::move(entry.key)];
    tensor.type = entry.type;
    tensor.shape.assign(entry.shape.begin(), entry.shape.end());
    tensor.pieces.push_back({data.subspan(entry.begin, entry.end - entry.begin), owner});
  }
  return TensorSource(std::move(tensors), std::move(header->metadata));
}

}  // namespace

absl::StatusOr<TensorSource> ParseSafetensors(std::string_view name,
                                              absl::Span<const std::byte> file,
                                              std::shared_ptr<const void> owner) {
  absl::StatusOr<TensorSource> source = Parse(file, owner);
  if (source.ok()) return source;
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(name), ": ", source.status().message()));
}

absl::StatusOr<TensorSource> OpenSafetensors(const std::string& path) {
  const auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  return ParseSafetensors(BaseName(path), (*file)->bytes(), *file);
}

}  // namespace hanga
