// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Allocation expressions: where a user wants the blocks of a model. A superset of DisTorch 2.0's
// strings with one meaning each; the grammar and the differences are in
// docs/formats/allocation-expressions.md.
//
//   "cuda:0,2.5gb;cpu,*"                          the first 2.5 GiB on cuda:0, the rest pinned on
//   the host "cuda:0,40%;cuda:1,40%;cpu,20%"               shares of the model
//   "virtual_vram=12gb;donors=cuda:1,cpu"         12 GiB less on the GPU that computes
//   "donors=cuda:1"                               as much of cuda:1's memory as makes steps faster
//   "double_blocks[0-9]@cuda:1;cuda:0,*"          ten blocks by name
//   "unet:cuda:0,8gb;cpu,*|clip:cpu,*|vae:cuda:0,*"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "placement/profile.h"

namespace hanga::placement {

// A device name in an expression, with where it stands (0-based offset into the text).
struct DeviceRef {
  std::string name;  // "cuda:1", "cpu:0", "cpu" (pinned host memory), "file"
  int offset = 0;
};

struct Quota {
  enum class Kind {
    kBytes,             // 2.5gb
    kPercentOfModel,    // 25%
    kFractionOfDevice,  // 0.1: of the device's total memory
    kPercentOfFree,     // 50%free
    kFreeLess,          // free, free-2gb
    kRest,              // *
  };
  Kind kind = Kind::kRest;
  double value = 0;      // percent or fraction
  uint64_t bytes = 0;    // of kBytes and kFreeLess
  bool at_most = false;  // "5gb*": what the others leave, up to this much
};

enum class Position { kInOrder, kFirst, kLast, kSpread };

struct Allocation {
  DeviceRef device;
  Quota quota;
  Position position = Position::kInOrder;
  std::string text;  // as written
};

struct Pin {
  std::string pattern;
  int offset = 0;
  DeviceRef device;
};

struct VirtualVram {
  uint64_t bytes = 0;
  int offset = 0;
  std::vector<DeviceRef> donors;  // empty: cpu
};

struct ExpressionSection {
  Phase phase = Phase::kDenoiser;
  int offset = 0;
  std::vector<Allocation> allocations;
  std::vector<Pin> pins;
  std::optional<VirtualVram> virtual_vram;
  std::vector<DeviceRef> donors;  // without virtual_vram: the planner decides who keeps what
  std::optional<DeviceRef> compute;
  bool compute_local = false;  // blocks run on the device that keeps them
};

struct Expression {
  std::string text;
  std::vector<ExpressionSection> sections;  // at most one a phase

  const ExpressionSection* Find(Phase phase) const;
};

// Never crashes, whatever the bytes. INVALID_ARGUMENT is made by ExpressionError.
absl::StatusOr<Expression> ParseExpression(std::string_view text);

// Every device that the expression names, section by section.
std::vector<DeviceRef> DevicesOf(const Expression& expression);

// The expression in canonical form; parsing that gives the same sections.
std::string PrintExpression(const Expression& expression);

// "expected ... at column 8", the text with a caret under that column, and a suggestion if any.
absl::Status ExpressionError(std::string_view text, int offset, const std::string& expected,
                             const std::string& suggestion = "");

// Does a block's name match a pin's pattern? `*` is any text; `[0-3,7]` is one of those numbers,
// and directly after a name it includes the dot: "blocks[0-9]" matches "blocks.7".
bool MatchesPattern(std::string_view pattern, std::string_view name);

}  // namespace hanga::placement
