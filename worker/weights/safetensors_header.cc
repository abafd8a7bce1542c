// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/safetensors_header.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// Follows the parser's events through the only shape a header may have:
//
//   {"__metadata__": {text: text, ...}, key: {"dtype": text, "shape": [n...], "data_offsets": [b,
//   e]}}
//
// Every event that the current place does not expect is an error, so nesting is bounded by this
// shape and not by the input.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  absl::Status status;
  SafetensorsHeader header;

  bool start_object(size_t) override {
    switch (place_) {
      case Place::kStart:
        place_ = Place::kTop;
        return true;
      case Place::kTensorStart:
        place_ = Place::kTensor;
        fields_.clear();
        return true;
      case Place::kMetadataStart:
        place_ = Place::kMetadata;
        return true;
      default:
        return Fail("an object where none may be");
    }
  }

  bool end_object() override {
    if (place_ == Place::kTensor && fields_.size() < 3) {
      return Fail("dtype, shape or data_offsets is missing");
    }
    place_ = place_ == Place::kTop ? Place::kEnd : Place::kTop;
    return true;
  }

  bool start_array(size_t) override {
    if (place_ == Place::kShapeStart) {
      place_ = Place::kShape;
    } else if (place_ == Place::kOffsetsStart) {
      place_ = Place::kOffsets;
    } else {
      return Fail("an array where none may be");
    }
    numbers_.clear();
    return true;
  }

  bool end_array() override {
    if (place_ == Place::kShape) {
      entry().shape = numbers_;
    } else {
      if (numbers_.size() != 2) return Fail("data_offsets needs two numbers");
      entry().begin = numbers_[0];
      entry().end = numbers_[1];
    }
    place_ = Place::kTensor;
    return true;
  }

  bool key(string_t& name) override {
    switch (place_) {
      case Place::kTop:
        where_ = name;
        if (!keys_.insert(name).second) return Fail("the key comes twice");
        if (name == "__metadata__") {
          place_ = Place::kMetadataStart;
          return true;
        }
        if (header.entries.size() == kMaxSafetensorsTensors) {
          return Fail(absl::StrCat("more than ", kMaxSafetensorsTensors, " tensors"));
        }
        header.entries.emplace_back().key = name;
        place_ = Place::kTensorStart;
        return true;
      case Place::kMetadata:
        metadata_key_ = name;
        if (header.metadata.contains(name)) {
          return Fail(absl::StrCat(QuoteKey(name), " comes twice"));
        }
        place_ = Place::kMetadataValue;
        return true;
      default:  // in a tensor
        if (!fields_.insert(name).second) return Fail(absl::StrCat(QuoteKey(name), " comes twice"));
        if (name == "dtype") {
          place_ = Place::kType;
        } else if (name == "shape") {
          place_ = Place::kShapeStart;
        } else if (name == "data_offsets") {
          place_ = Place::kOffsetsStart;
        } else {
          return Fail(absl::StrCat("unknown field ", QuoteKey(name)));
        }
        return true;
    }
  }

  bool string(string_t& value) override {
    if (place_ == Place::kMetadataValue) {
      header.metadata.emplace(std::move(metadata_key_), std::move(value));
      place_ = Place::kMetadata;
      return true;
    }
    if (place_ != Place::kType) return Fail("text where none may be");
    const auto type = DataTypeFromName(value);
    if (!type) return Fail(absl::StrCat("unknown dtype ", QuoteKey(value)));
    entry().type = *type;
    place_ = Place::kTensor;
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::kShape && place_ != Place::kOffsets) {
      return Fail("a number where none may be");
    }
    if (numbers_.size() == kMaxSafetensorsRank) {
      return Fail(absl::StrCat("more than ", kMaxSafetensorsRank, " dimensions or offsets"));
    }
    numbers_.push_back(value);
    return true;
  }

  bool number_integer(number_integer_t value) override {
    return Fail(absl::StrCat("the number ", value, " is negative"));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Fail(absl::StrCat("the number ", QuoteKey(text), " is no integer below 2^64"));
  }
  bool null() override { return Fail("null where none may be"); }
  bool boolean(bool) override { return Fail("a truth value where none may be"); }
  bool binary(binary_t&) override { return Fail("binary data where none may be"); }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Fail(absl::StrCat("malformed JSON or UTF-8 at byte ", position));
  }

 private:
  enum class Place {
    kStart,
    kTop,
    kMetadataStart,
    kMetadata,
    kMetadataValue,
    kTensorStart,
    kTensor,
    kType,
    kShapeStart,
    kShape,
    kOffsetsStart,
    kOffsets,
    kEnd,
  };

  SafetensorsEntry& entry() { return header.entries.back(); }

  bool Fail(const std::string& what) {
    status = absl::InvalidArgumentError(
        where_.empty() ? absl::StrCat("header: ", what)
                       : absl::StrCat("header, at ", QuoteKey(where_), ": ", what));
    return false;
  }

  Place place_ = Place::kStart;
  std::string where_;  // the last key of the top level
  std::string metadata_key_;
  std::set<std::string, std::less<>> keys_, fields_;
  std::vector<uint64_t> numbers_;
};

}  // namespace

std::string QuoteKey(std::string_view key) {
  constexpr size_t kShown = 120;
  const std::string shown = absl::Utf8SafeCHexEscape({key.data(), std::min(key.size(), kShown)});
  return absl::StrCat("'", shown, key.size() > kShown ? "...'" : "'");
}

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(std::string_view json) {
  // The parser takes a zero byte for the end of its input and would not look at what follows.
  if (const size_t zero = json.find('\0'); zero != std::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("header: a zero byte at byte ", zero));
  }
  HeaderReader reader;
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  if (!reader.status.ok()) return reader.status;
  return std::move(reader.header);
}

}  // namespace hanga
