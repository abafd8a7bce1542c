// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Strict reading of a TOML document: every key is typed and range-checked, keys that nobody asked
// for are errors, and every error names the file, the line, the value and the limit. Errors are
// collected, so that one run of `hangad check-config` shows all of them.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace hanga {

// The errors of one document. Not thread-safe.
class TomlErrors {
 public:
  explicit TomlErrors(std::string file) : file_(std::move(file)) {}
  void Add(const toml::source_region& where, absl::string_view message);
  // INVALID_ARGUMENT with one line for each error; OK if there is none.
  absl::Status ToStatus() const;

 private:
  std::string file_;
  std::vector<std::string> lines_;
};

// One table. A Read leaves `*value` alone where the key is absent or wrong; limits are inclusive.
// Call RejectUnknownKeys last. Refers to the table and the errors. Not thread-safe.
class TomlReader {
 public:
  // `name` is how errors call the table: "[server.tls]", "[[model]]", "" for the document.
  TomlReader(const toml::table& table, std::string name, TomlErrors* errors)
      : table_(&table), name_(std::move(name)), errors_(errors) {}

  bool Has(absl::string_view key) const { return Get(key) != nullptr; }

  void ReadString(absl::string_view key, std::string* value);
  void ReadChoice(absl::string_view key, std::initializer_list<absl::string_view> choices,
                  std::string* value);
  void ReadBool(absl::string_view key, bool* value);
  void ReadInteger(absl::string_view key, int64_t least, int64_t most, int64_t* value);
  void ReadReal(absl::string_view key, double least, double most, double* value);
  void ReadDuration(absl::string_view key, absl::Duration least, absl::Duration most,
                    absl::Duration* value);
  void ReadBytes(absl::string_view key, uint64_t least, uint64_t most, uint64_t* value);
  void ReadStrings(absl::string_view key, std::vector<std::string>* value);  // one or a list
  void ReadStringTable(absl::string_view key, std::map<std::string, std::string>* value);

  // The table under `key`, empty if absent; the tables of the array of tables under `key`.
  TomlReader Table(absl::string_view key);
  std::vector<TomlReader> Tables(absl::string_view key);

  // Adds an error about `key`'s value, or about the table where `key` is absent.
  void Reject(absl::string_view key, absl::string_view message);
  // Adds an error for each key that no call above named, with the nearest known key.
  void RejectUnknownKeys();

 private:
  const toml::node* Get(absl::string_view key) const;
  const toml::node* Find(absl::string_view key);  // marks it as known
  std::string Describe(absl::string_view key) const;
  void RejectType(absl::string_view key, const toml::node& node, absl::string_view expected);

  const toml::table* table_;
  std::string name_;
  TomlErrors* errors_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace hanga
