// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Columns of text for people.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace hanga::cli {

// Each column is as wide as its widest cell; the last one is not padded. Widths count UTF-8
// characters.
class Table {
 public:
  using Row = std::vector<std::string>;

  explicit Table(Row head) : rows_{std::move(head)} {}
  void Add(Row row) { rows_.push_back(std::move(row)); }
  void Print(std::ostream& stream) const;

 private:
  std::vector<Row> rows_;
};

}  // namespace hanga::cli
