// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/toml_reader.h"

#include <algorithm>
#include <numeric>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "server/quantities.h"

namespace hanga {
namespace {

const toml::table kEmptyTable;

// Levenshtein's distance: insertions, deletions and replacements that turn `a` into `b`.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string ValueText(const toml::node& node) {
  std::ostringstream out;
  node.visit([&out](const auto& value) { out << value; });
  return out.str();
}

}  // namespace

void TomlErrors::Add(const toml::source_region& where, absl::string_view message) {
  lines_.push_back(absl::StrCat(file_, ":", where.begin.line, ": ", message));
}

absl::Status TomlErrors::ToStatus() const {
  if (lines_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(lines_, "\n"));
}

const toml::node* TomlReader::Find(absl::string_view key) {
  known_.emplace(key);
  return Get(key);
}

const toml::node* TomlReader::Get(absl::string_view key) const {
  return table_->get(std::string_view(key.data(), key.size()));
}

std::string TomlReader::Describe(absl::string_view key) const {
  return name_.empty() ? absl::StrCat("'", key, "'") : absl::StrCat("'", key, "' in ", name_);
}

void TomlReader::RejectType(absl::string_view key, const toml::node& node,
                            absl::string_view expected) {
  errors_->Add(node.source(),
               absl::StrCat(Describe(key), " is ", ValueText(node), "; expected ", expected));
}

void TomlReader::Reject(absl::string_view key, absl::string_view message) {
  known_.emplace(key);
  const toml::node* node = Get(key);
  errors_->Add(node != nullptr ? node->source() : table_->source(),
               absl::StrCat(Describe(key), " ", message));
}

void TomlReader::RejectUnknownKeys() {
  for (const auto& [key, node] : *table_) {
    const std::string name(key.str());
    if (known_.contains(name)) continue;
    std::string message = absl::StrCat("unknown key ", Describe(name));
    const auto nearest = std::min_element(known_.begin(), known_.end(),
                                          [&name](const std::string& a, const std::string& b) {
                                            return EditDistance(a, name) < EditDistance(b, name);
                                          });
    if (nearest != known_.end() && EditDistance(*nearest, name) <= 1 + name.size() / 3) {
      absl::StrAppend(&message, "; did you mean '", *nearest, "'?");
    } else {
      absl::StrAppend(&message, "; known keys: ", absl::StrJoin(known_, ", "));
    }
    errors_->Add(key.source(), message);
  }
}

void TomlReader::ReadString(absl::string_view key, std::string* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  if (!node->is_string()) return RejectType(key, *node, "a string");
  *value = node->as_string()->get();
}

void TomlReader::ReadChoice(absl::string_view key, std::initializer_list<absl::string_view> choices,
                            std::string* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto* text = node->as_string();
  if (text == nullptr ||
      std::find(choices.begin(), choices.end(), absl::string_view(text->get())) == choices.end()) {
    return RejectType(key, *node,
                      absl::StrCat("one of \"", absl::StrJoin(choices, "\", \""), "\""));
  }
  *value = text->get();
}

void TomlReader::ReadBool(absl::string_view key, bool* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  if (!node->is_boolean()) return RejectType(key, *node, "true or false");
  *value = node->as_boolean()->get();
}

void TomlReader::ReadInteger(absl::string_view key, int64_t least, int64_t most, int64_t* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto* number = node->as_integer();
  if (number == nullptr || number->get() < least || number->get() > most) {
    return RejectType(key, *node, absl::StrCat("a whole number from ", least, " to ", most));
  }
  *value = number->get();
}

void TomlReader::ReadReal(absl::string_view key, double least, double most, double* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto number = node->is_number() ? node->value<double>() : std::nullopt;
  // Negated, so that NaN is refused too.
  if (!number || !(*number >= least && *number <= most)) {
    return RejectType(key, *node, absl::StrCat("a number from ", least, " to ", most));
  }
  *value = *number;
}

void TomlReader::ReadDuration(absl::string_view key, absl::Duration least, absl::Duration most,
                              absl::Duration* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  absl::Duration duration;
  const auto* text = node->as_string();
  if (text == nullptr || !ParseTimeSpan(text->get(), &duration) || duration < least ||
      duration > most) {
    return RejectType(key, *node,
                      absl::StrCat("a duration like \"30s\" from ", absl::FormatDuration(least),
                                   " to ", absl::FormatDuration(most)));
  }
  *value = duration;
}

void TomlReader::ReadBytes(absl::string_view key, uint64_t least, uint64_t most, uint64_t* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  uint64_t bytes = 0;
  bool good = false;
  if (const auto* number = node->as_integer()) {
    good = number->get() >= 0;
    bytes = static_cast<uint64_t>(number->get());
  } else if (const auto* text = node->as_string()) {
    good = ParseByteSize(text->get(), &bytes);
  }
  if (!good || bytes < least || bytes > most) {
    return RejectType(key, *node,
                      absl::StrCat("a size like \"10GiB\" from ", least, " to ", most, " bytes"));
  }
  *value = bytes;
}

void TomlReader::ReadStrings(absl::string_view key, std::vector<std::string>* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  if (const auto* text = node->as_string()) {
    *value = {text->get()};
    return;
  }
  const auto* array = node->as_array();
  if (array == nullptr) return RejectType(key, *node, "a string or a list of strings");
  std::vector<std::string> strings;
  for (const toml::node& element : *array) {
    if (!element.is_string()) return RejectType(key, element, "strings in the list");
    strings.push_back(element.as_string()->get());
  }
  *value = std::move(strings);
}

void TomlReader::ReadStringTable(absl::string_view key, std::map<std::string, std::string>* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto* table = node->as_table();
  if (table == nullptr) return RejectType(key, *node, "a table of strings");
  for (const auto& [name, element] : *table) {
    const std::string entry(name.str());
    if (!element.is_string()) return RejectType(entry, element, "a string");
    (*value)[entry] = element.as_string()->get();
  }
}

TomlReader TomlReader::Table(absl::string_view key) {
  const absl::string_view parent = absl::StripSuffix(absl::StripPrefix(name_, "["), "]");
  const std::string name =
      parent.empty() ? absl::StrCat("[", key, "]")
                     : absl::StrCat("[", absl::StripSuffix(absl::StripPrefix(parent, "["), "]"),
                                    ".", key, "]");
  const toml::node* node = Find(key);
  if (node != nullptr && !node->is_table()) RejectType(key, *node, "a table");
  const toml::table* table = node != nullptr ? node->as_table() : nullptr;
  return {table != nullptr ? *table : kEmptyTable, name, errors_};
}

std::vector<TomlReader> TomlReader::Tables(absl::string_view key) {
  std::vector<TomlReader> readers;
  const toml::node* node = Find(key);
  if (node == nullptr) return readers;
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    RejectType(key, *node, absl::StrCat("an array of tables, written [[", key, "]]"));
    return readers;
  }
  for (const toml::node& element : *array) {
    if (const auto* table = element.as_table()) {
      readers.emplace_back(*table, absl::StrCat("[[", key, "]]"), errors_);
    } else {
      RejectType(key, element, absl::StrCat("a table, written [[", key, "]]"));
    }
  }
  return readers;
}

}  // namespace hanga
