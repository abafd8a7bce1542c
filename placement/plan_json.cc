// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <nlohmann/json.hpp>

#include <type_traits>

#include "absl/strings/str_cat.h"
#include "placement/json_reader.h"
#include "placement/plan.h"

namespace hanga::placement {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Each struct lists its fields once; an archive writes or reads them.
template <typename Archive>
void Fields(Archive& a, RankPlan& v) {
  a("device", v.device), a("free_bytes", v.free_bytes), a("reserve_bytes", v.reserve_bytes);
  a("workspace_bytes", v.workspace_bytes), a("resident_bytes", v.resident_bytes);
  a("kept_bytes", v.kept_bytes), a("lent_bytes", v.lent_bytes), a("ring_slots", v.ring_slots);
  a("slot_bytes", v.slot_bytes), a("activation_bytes", v.activation_bytes);
  a("peak_bytes", v.peak_bytes), a("compute_seconds", v.compute_seconds);
  a("streamed_bytes", v.streamed_bytes);
}

template <typename Archive>
void Fields(Archive& a, BlockPlacement& v) {
  a("block", v.block), a("component", v.component), a("phase", v.phase), a("rank", v.rank);
  a("store", v.store), a("keeper", v.keeper), a("stored_bytes", v.stored_bytes);
  a("run_bytes", v.run_bytes), a("compute_seconds", v.compute_seconds);
  a("copy_seconds", v.copy_seconds);
}

template <typename Archive>
void Fields(Archive& a, ComponentPlan& v) {
  a("component", v.component), a("phase", v.phase), a("device", v.device), a("kept", v.kept);
  a("bytes", v.bytes), a("evicted_bytes", v.evicted_bytes), a("seconds", v.seconds);
}

template <typename Archive>
void Fields(Archive& a, LinkLoad& v) {
  a("from", v.from), a("to", v.to), a("bytes_per_step", v.bytes_per_step);
  a("bytes_per_second", v.bytes_per_second), a("busy", v.busy);
}

template <typename Archive>
void Fields(Archive& a, Prediction& v) {
  a("step_seconds", v.step_seconds), a("first_step_seconds", v.first_step_seconds);
  a("cold_step_seconds", v.cold_step_seconds), a("encode_seconds", v.encode_seconds);
  a("decode_seconds", v.decode_seconds), a("image_seconds", v.image_seconds);
  a("images_per_second", v.images_per_second), a("limit", v.limit), a("limited_by", v.limited_by);
}

template <typename Archive>
void Fields(Archive& a, GroupPlan& v) {
  a("mode", v.mode), a("ranks", v.ranks), a("blocks", v.blocks), a("components", v.components);
  a("links", v.links), a("prediction", v.prediction);
}

template <typename Archive>
void Fields(Archive& a, QuotaReport& v) {
  a("item", v.item), a("device", v.device), a("requested_bytes", v.requested_bytes);
  a("granted_bytes", v.granted_bytes);
}

template <typename Archive>
void Fields(Archive& a, Alternative& v) {
  a("name", v.name), a("fits", v.fits), a("images_per_second", v.images_per_second);
  a("image_seconds", v.image_seconds), a("why_not", v.why_not);
}

template <typename Archive>
void Fields(Archive& a, WhatIf& v) {
  a("change", v.change), a("fits", v.fits), a("step_seconds", v.step_seconds);
  a("images_per_second", v.images_per_second);
}

template <typename Archive>
void Fields(Archive& a, Plan& v) {
  a("model", v.model), a("topology", v.topology), a("width", v.width), a("height", v.height);
  a("steps", v.steps), a("mode", v.mode), a("images_per_second", v.images_per_second);
  a("image_seconds", v.image_seconds), a("pinned_host_bytes", v.pinned_host_bytes);
  a("pageable_host_bytes", v.pageable_host_bytes), a("groups", v.groups), a("quotas", v.quotas);
  a("alternatives", v.alternatives), a("what_ifs", v.what_ifs), a("notes", v.notes);
}

// The values of an enum in order, for its names.
template <typename Enum>
std::vector<Enum> All() {
  if constexpr (std::is_same_v<Enum, Phase>) {
    return {Phase::kTextEncoder, Phase::kDenoiser, Phase::kVae};
  } else if constexpr (std::is_same_v<Enum, Store>) {
    return {Store::kResident, Store::kDonor, Store::kPinned, Store::kPageable, Store::kFile};
  } else if constexpr (std::is_same_v<Enum, Limit>) {
    return {Limit::kCompute, Limit::kLink, Limit::kMemory};
  } else {
    return {Mode::kReplicate, Mode::kStream, Mode::kHandOver, Mode::kParallel};
  }
}
std::string_view Name(Phase value) { return PhaseName(value); }
std::string_view Name(Store value) { return StoreName(value); }
std::string_view Name(Limit value) { return LimitName(value); }
std::string_view Name(Mode value) { return ModeName(value); }

struct Writer {
  ordered_json object = ordered_json::object();

  template <typename T>
  static ordered_json ToJson(T& value) {
    if constexpr (std::is_enum_v<T>) {
      return std::string(Name(value));
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
      return value;
    } else {
      Writer writer;
      Fields(writer, value);
      return writer.object;
    }
  }
  template <typename T>
  void operator()(const char* key, T& value) {
    object[key] = ToJson(value);
  }
  template <typename T>
  void operator()(const char* key, std::vector<T>& values) {
    object[key] = ordered_json::array();
    for (T& value : values) object[key].push_back(ToJson(value));
  }
};

template <typename T>
absl::Status ReadObject(const json& object, const std::string& where, T* value);

struct Reader {
  JsonReader& from;
  std::string where;

  void operator()(const char* key, std::string& value) { value = from.Text(key); }
  void operator()(const char* key, uint64_t& value) { value = from.Count(key); }
  void operator()(const char* key, int& value) { value = from.Int(key); }
  void operator()(const char* key, double& value) { value = from.Number(key); }
  void operator()(const char* key, bool& value) { value = from.Flag(key); }
  void operator()(const char* key, std::vector<std::string>& values) {
    from.Each(key, [&](const json& item, const std::string&) {
      if (item.is_string()) values.push_back(item.get<std::string>());
      if (!item.is_string()) from.Fail(key, "must hold strings");
    });
  }
  template <typename T>
  void operator()(const char* key, std::vector<T>& values) {
    from.Each(key, [&](const json& item, const std::string& path) {
      from.Absorb(ReadObject(item, path, &values.emplace_back()));
    });
  }
  template <typename T>
  void operator()(const char* key, T& value) {
    if constexpr (std::is_enum_v<T>) {
      from.Name(key, [&](const std::string& name) {
        for (const T known : All<T>()) {
          if (name == Name(known)) return value = known, true;
        }
        return false;
      });
    } else if (const json* object = from.Find(key)) {
      from.Absorb(ReadObject(*object, absl::StrCat(where, ".", key), &value));
    } else {
      from.Fail(key, "is missing");
    }
  }
};

template <typename T>
absl::Status ReadObject(const json& object, const std::string& where, T* value) {
  JsonReader json_reader(object, where);
  Reader reader{json_reader, where};
  Fields(reader, *value);
  return json_reader.Finish();
}

// What indices and counts must hold for the executor to trust a plan.
absl::Status Check(const Plan& plan) {
  for (size_t g = 0; g < plan.groups.size(); ++g) {
    const GroupPlan& group = plan.groups[g];
    const std::string where = absl::StrCat("plan.groups[", g, "]");
    if (group.ranks.empty()) return absl::InvalidArgumentError(where + ".ranks: is empty");
    for (const BlockPlacement& block : group.blocks) {
      if (block.rank < static_cast<int>(group.ranks.size())) continue;
      return absl::InvalidArgumentError(absl::StrCat(where, ": block ", block.block, " has rank ",
                                                     block.rank, " of ", group.ranks.size()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view ModeName(Mode mode) {
  switch (mode) {
    case Mode::kReplicate:
      return "replicate";
    case Mode::kStream:
      return "stream";
    case Mode::kHandOver:
      return "hand-over";
    case Mode::kParallel:
      return "parallel";
  }
  return "";
}

std::string_view StoreName(Store store) {
  switch (store) {
    case Store::kResident:
      return "resident";
    case Store::kDonor:
      return "donor";
    case Store::kPinned:
      return "pinned";
    case Store::kPageable:
      return "pageable";
    case Store::kFile:
      return "file";
  }
  return "";
}

std::string_view LimitName(Limit limit) {
  switch (limit) {
    case Limit::kCompute:
      return "compute";
    case Limit::kLink:
      return "link";
    case Limit::kMemory:
      return "memory";
  }
  return "";
}

std::string PrintPlanJson(const Plan& plan) {
  Plan copy = plan;  // the archives take fields that can be written to
  Writer writer;
  Fields(writer, copy);
  return writer.object.dump(1, ' ', false, json::error_handler_t::replace);
}

absl::StatusOr<Plan> ParsePlanJson(std::string_view text) {
  json root;
  if (auto status = ParseJson(text, "plan", &root); !status.ok()) return status;
  Plan plan;
  if (auto status = ReadObject(root, "plan", &plan); !status.ok()) return status;
  if (auto status = Check(plan); !status.ok()) return status;
  return plan;
}

}  // namespace hanga::placement
