// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/model_settings.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

absl::Status Wrong(const std::string& field, const nlohmann::json& value,
                   const std::string& range) {
  return absl::FailedPreconditionError(
      absl::StrCat("hanga.json: ", field, " is ", value.dump().substr(0, 64), ", must be ", range));
}

using Setter = std::function<absl::Status(const std::string& field, const nlohmann::json& value)>;

template <typename T>
Setter Integer(T* target, int64_t low, int64_t high) {
  return [=](const std::string& field, const nlohmann::json& value) {
    const bool fits =
        value.is_number_integer() && value.get<int64_t>() >= low && value.get<int64_t>() <= high;
    if (!fits) return Wrong(field, value, absl::StrCat("a whole number from ", low, " to ", high));
    *target = static_cast<T>(value.get<int64_t>());
    return absl::OkStatus();
  };
}

Setter Number(double* target, double low, double high) {
  return [=](const std::string& field, const nlohmann::json& value) {
    const bool fits =
        value.is_number() && value.get<double>() >= low && value.get<double>() <= high;
    if (!fits) return Wrong(field, value, absl::StrCat("a number from ", low, " to ", high));
    *target = value.get<double>();
    return absl::OkStatus();
  };
}

Setter Text(std::string* target, size_t limit) {
  return [=](const std::string& field, const nlohmann::json& value) {
    const bool fits = value.is_string() && value.get_ref<const std::string&>().size() <= limit;
    if (!fits) return Wrong(field, value, absl::StrCat("a text of at most ", limit, " bytes"));
    *target = value.get<std::string>();
    return absl::OkStatus();
  };
}

absl::Status Apply(const std::string& section, const nlohmann::json& values,
                   const std::map<std::string, Setter>& setters) {
  if (!values.is_object()) return Wrong(section, values, "an object");
  for (const auto& [name, value] : values.items()) {
    const std::string field = absl::StrCat(section, ".", name);
    const auto setter = setters.find(name);
    if (setter == setters.end()) {
      return absl::FailedPreconditionError(absl::StrCat("hanga.json: ", field, " is not known"));
    }
    if (absl::Status set = setter->second(field, value); !set.ok()) return set;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyModelSettings(const nlohmann::json& settings, ModelLimits* limits,
                                GenerationRequest* defaults) {
  const ModelLimits family = *limits;
  const std::map<std::string, Setter> limit_setters = {
      {"min_side", Integer(&limits->min_side, family.min_side, family.max_side)},
      {"max_side", Integer(&limits->max_side, family.min_side, family.max_side)},
      {"max_pixels", Integer(&limits->max_pixels, 1, family.max_pixels)},
      {"max_steps", Integer(&limits->max_steps, 1, family.max_steps)},
      {"max_sequence_length", Integer(&limits->max_sequence_length, 1, family.max_sequence_length)},
  };
  for (const auto& [name, value] : settings.items()) {
    if (name == "limits") {
      if (absl::Status s = Apply(name, value, limit_setters); !s.ok()) return s;
    } else if (name != "defaults") {
      return absl::FailedPreconditionError(absl::StrCat("hanga.json: ", name, " is not known"));
    }
  }
  if (limits->min_side > limits->max_side) {
    return absl::FailedPreconditionError("hanga.json: limits.min_side is above limits.max_side");
  }
  const auto defaulted = settings.find("defaults");
  if (defaulted == settings.end()) return absl::OkStatus();
  return Apply("defaults", *defaulted,
               {{"width", Integer(&defaults->width, limits->min_side, limits->max_side)},
                {"height", Integer(&defaults->height, limits->min_side, limits->max_side)},
                {"steps", Integer(&defaults->steps, 1, limits->max_steps)},
                {"max_sequence_length",
                 Integer(&defaults->max_sequence_length, 1, limits->max_sequence_length)},
                {"guidance_scale", Number(&defaults->guidance_scale, 0, 100)},
                {"true_cfg_scale", Number(&defaults->true_cfg_scale, 1, 100)},
                {"negative_prompt", Text(&defaults->negative_prompt, 32000)}});
}

}  // namespace hanga
