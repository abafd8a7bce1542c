// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/table.h"

#include <algorithm>

namespace hanga::cli {
namespace {

size_t Width(const std::string& cell) {
  return std::count_if(cell.begin(), cell.end(), [](char c) { return (c & 0xc0) != 0x80; });
}

}  // namespace

void Table::Print(std::ostream& stream) const {
  std::vector<size_t> widths(rows_.front().size());
  for (const Row& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  for (const Row& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      stream << row[i];
      if (i + 1 < row.size()) stream << std::string(widths[i] - Width(row[i]) + 2, ' ');
    }
    stream << '\n';
  }
  stream.flush();
}

}  // namespace hanga::cli
