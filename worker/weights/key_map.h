// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Translates the names and the arrangement of weights from one layout to another, by tables.
//
//   stored keys ── prefix stripped ── first rule whose pattern matches ── Hanga's keys
//
// docs/formats/key-maps.md describes the tables' language.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

// What else happens to a tensor, beside its new name.
enum class Change {
  kNone,
  kSwapHalves,    // the halves of the first dimension change places
  kDropUnitDims,  // trailing dimensions of size 1 go, down to two: a 1x1 convolution as a linear
                  // layer
  kIfAbsent,      // a duplicate: dropped where another rule gives the same key
  kSpare,         // kept, but a model need not use it
  kSwapHalvesOfLast,  // kSwapHalves where the first index is the largest that the checkpoint has
  kTransposeSpare,    // rows become columns; kept, but a model need not use it
};

// In patterns `#` stands for an index and `*`, at the end, for the rest of the key. Names in `to`
// repeat them in the same order; `~` in place of `#` counts the index down from the largest one
// that the checkpoint has there.
struct KeyRule {
  std::vector<std::string> from;  // several: concatenated along the first dimension
  std::vector<std::string> to;    // several: cut into equal parts; none: dropped
  Change change = Change::kNone;
};

// One layout of one component.
struct KeyMap {
  std::string name;                    // "diffusers FluxTransformer2DModel", for errors
  std::vector<std::string> prefixes;   // where its keys may stand; "" first if a file may be bare
  std::vector<std::string> signature;  // keys that this layout has, and no other of the component
  std::vector<KeyRule> rules;          // the first match counts; other keys keep their names
};

// The prefix under which `source` has the whole signature; null if there is none.
const std::string* MatchKeyMap(const KeyMap& map, const TensorSource& source);

// The tensors under `prefix`, with their new names. Keys outside of a non-empty prefix belong to
// other components and are left out. Keys without a rule keep their names, so that a check against
// a model's declaration finds them. INVALID_ARGUMENT: a part of a concatenation is missing, its
// parts disagree in type or row shape, a cut is not even, or two keys get the same name.
absl::StatusOr<TensorSource> ApplyKeyMap(const KeyMap& map, std::string_view prefix,
                                         const TensorSource& source);

// Applies the first of `maps` whose signature matches. FAILED_PRECONDITION names the layouts that
// were looked for.
absl::StatusOr<TensorSource> ApplyMatchingKeyMap(absl::Span<const KeyMap> maps,
                                                 const TensorSource& source);

}  // namespace hanga
