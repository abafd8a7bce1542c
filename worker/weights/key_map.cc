// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/key_map.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/weights/key_pattern.h"
#include "worker/weights/rearrange.h"
#include "worker/weights/safetensors_header.h"

namespace hanga {
namespace {

struct RuleMatch {
  const KeyRule* rule;
  size_t part;  // which of `from` it was
  std::vector<std::string> captures;
};

std::optional<RuleMatch> FirstMatch(const std::vector<KeyRule>& rules, std::string_view key) {
  for (const KeyRule& rule : rules) {
    for (size_t part = 0; part < rule.from.size(); ++part) {
      if (auto captures = MatchKey(rule.from[part], key)) {
        return RuleMatch{&rule, part, std::move(*captures)};
      }
    }
  }
  return std::nullopt;
}

absl::StatusOr<StoredTensor> Changed(const StoredTensor& tensor, Change change, bool last) {
  const bool swaps = change == Change::kSwapHalves || (change == Change::kSwapHalvesOfLast && last);
  if (swaps) return SwapHalves(tensor);
  if (change == Change::kDropUnitDims) return DropUnitDims(tensor);
  absl::StatusOr<StoredTensor> same = tensor;
  if (change == Change::kTransposeSpare) same = Transpose(tensor);
  if (same.ok()) same->spare = change == Change::kSpare || change == Change::kTransposeSpare;
  return same;
}

// Builds the mapped tensors key by key.
class Mapper {
 public:
  explicit Mapper(const KeyMap& map) : map_(map) {}

  // For rules that ask for an index's largest value: learns it before any key is mapped.
  void Learn(std::string_view key) {
    for (const KeyRule& rule : map_.rules) {
      const bool counts_down = !rule.to.empty() && rule.to[0].find('~') != std::string::npos;
      if (!counts_down && rule.change != Change::kSwapHalvesOfLast) continue;
      int& largest = largest_.try_emplace(&rule, 0).first->second;
      largest = std::max(largest, FirstIndex(rule.from[0], key));
    }
  }

  absl::Status Map(const std::string& key, const StoredTensor& tensor) {
    const std::optional<RuleMatch> match = FirstMatch(map_.rules, key);
    if (!match) return Put(key, key, tensor);
    const KeyRule& rule = *match->rule;
    if (rule.from.size() > 1) {
      auto& join = joins_[NameOf(*match, 0)];
      join.rule = &rule;
      join.captures = match->captures;
      join.parts[match->part] = tensor;
      return absl::OkStatus();
    }
    for (size_t i = 0; i < rule.to.size(); ++i) {
      auto cut = rule.to.size() > 1 ? CutRows(tensor, i, rule.to.size())
                                    : Changed(tensor, rule.change, IsLast(rule, key));
      if (!cut.ok()) return At(key, cut.status());
      if (rule.change == Change::kIfAbsent) {
        duplicates_.emplace_back(NameOf(*match, i), *std::move(cut));
      } else if (const auto status = Put(key, NameOf(*match, i), *std::move(cut)); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<TensorSource::Tensors> Finish() {
    for (const auto& [name, join] : joins_) {
      std::vector<StoredTensor> parts;
      for (size_t i = 0; i < join.rule->from.size(); ++i) {
        const auto part = join.parts.find(i);
        if (part == join.parts.end()) {
          return absl::InvalidArgumentError(absl::StrCat(
              "missing key: ", QuoteKey(NameFromPattern(join.rule->from[i], join.captures, 0))));
        }
        parts.push_back(part->second);
      }
      auto whole = ConcatenateRows(parts);
      if (!whole.ok()) return At(name, whole.status());
      if (const auto status = Put(name, name, *std::move(whole)); !status.ok()) return status;
    }
    for (auto& [name, tensor] : duplicates_) tensors_.emplace(name, std::move(tensor));
    return std::move(tensors_);
  }

 private:
  struct Join {
    const KeyRule* rule = nullptr;
    std::vector<std::string> captures;
    std::map<size_t, StoredTensor> parts;
  };

  bool IsLast(const KeyRule& rule, std::string_view key) const {
    const auto largest = largest_.find(&rule);
    return largest != largest_.end() && FirstIndex(rule.from[0], key) == largest->second;
  }

  std::string NameOf(const RuleMatch& match, size_t i) const {
    const auto largest = largest_.find(match.rule);
    return NameFromPattern(match.rule->to[i], match.captures,
                           largest == largest_.end() ? 0 : largest->second);
  }

  absl::Status Put(std::string_view key, const std::string& name, StoredTensor tensor) {
    if (tensors_.try_emplace(name, std::move(tensor)).second) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(QuoteKey(key), ": another key gives ", QuoteKey(name), " too"));
  }

  static absl::Status At(std::string_view key, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(QuoteKey(key), ": ", status.message()));
  }

  const KeyMap& map_;
  std::map<const KeyRule*, int> largest_;
  std::map<std::string, Join> joins_;
  std::vector<std::pair<std::string, StoredTensor>> duplicates_;
  TensorSource::Tensors tensors_;
};

}  // namespace

const std::string* MatchKeyMap(const KeyMap& map, const TensorSource& source) {
  for (const std::string& prefix : map.prefixes) {
    const bool whole =
        std::all_of(map.signature.begin(), map.signature.end(),
                    [&](const std::string& key) { return source.Has(absl::StrCat(prefix, key)); });
    if (whole) return &prefix;
  }
  return nullptr;
}

absl::StatusOr<TensorSource> ApplyKeyMap(const KeyMap& map, std::string_view prefix,
                                         const TensorSource& source) {
  const auto& stored = source.tensors();
  const auto in_prefix = [&](auto it) {
    return it != stored.end() && it->first.starts_with(prefix);
  };
  Mapper mapper(map);
  for (auto it = stored.lower_bound(prefix); in_prefix(it); ++it) {
    mapper.Learn(std::string_view(it->first).substr(prefix.size()));
  }
  for (auto it = stored.lower_bound(prefix); in_prefix(it); ++it) {
    const auto status = mapper.Map(it->first.substr(prefix.size()), it->second);
    if (!status.ok()) return status;
  }
  auto tensors = mapper.Finish();
  if (!tensors.ok()) return tensors.status();
  return TensorSource(*std::move(tensors), source.metadata());
}

absl::StatusOr<TensorSource> ApplyMatchingKeyMap(absl::Span<const KeyMap> maps,
                                                 const TensorSource& source) {
  std::vector<std::string> names;
  for (const KeyMap& map : maps) {
    if (const std::string* prefix = MatchKeyMap(map, source)) {
      return ApplyKeyMap(map, *prefix, source);
    }
    names.push_back(map.name);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the keys are of none of these layouts: ", absl::StrJoin(names, ", ")));
}

}  // namespace hanga
