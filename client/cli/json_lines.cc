// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/json_lines.h"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "client/status.h"

namespace hanga::cli {
namespace {

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

// A string as JSON; bytes that are not UTF-8 are replaced.
std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string JsonLine(const std::string& type, const google::protobuf::Message& message) {
  return "{\"type\":\"" + type + "\",\"" + type + "\":" + ToJson(message) + "}";
}

std::string JsonLine(const std::string& type, const google::protobuf::Message& message,
                     const std::string& path) {
  return "{\"type\":\"" + type + "\",\"path\":" + Quoted(path) + ",\"" + type +
         "\":" + ToJson(message) + "}";
}

std::string JsonErrorLine(const absl::Status& status) {
  nlohmann::ordered_json error;
  error["type"] = "error";
  error["code"] = absl::StatusCodeToString(status.code());
  error["reason"] = client::ErrorReason(status);
  error["message"] = std::string(status.message());
  error["violations"] = nlohmann::ordered_json::array();
  const google::rpc::BadRequest refused = client::FieldViolations(status);
  for (const auto& violation : refused.field_violations()) {
    error["violations"].push_back(
        {{"field", violation.field()}, {"description", violation.description()}});
  }
  return error.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace hanga::cli
