// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/errors.h"

#include <google/protobuf/any.pb.h>
#include <spdlog/spdlog.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

constexpr char kHidden[] = "the server failed at this request; its log says why";

bool IsHidden(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown;
}

// The codes of both libraries are those of google.rpc.Code.
grpc::StatusCode CodeOf(const absl::Status& status) {
  return static_cast<grpc::StatusCode>(status.raw_code());
}

google::protobuf::Any DefaultErrorInfo(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  info.set_domain("hanga");
  info.set_reason(absl::StatusCodeToString(status.code()));
  google::protobuf::Any any;
  any.set_type_url(std::string(kErrorInfoUrl));
  any.set_value(info.SerializeAsString());
  return any;
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message());
  if (IsHidden(status.code())) {
    spdlog::error("request failed: {}", status.ToString());
    message = kHidden;
  }
  google::rpc::Status details;
  details.set_code(status.raw_code());
  details.set_message(message);
  if (!status.GetPayload(kErrorInfoUrl)) {
    *details.add_details() = DefaultErrorInfo(status);
  }
  status.ForEachPayload([&details](absl::string_view type_url, const absl::Cord& payload) {
    google::protobuf::Any* any = details.add_details();
    any->set_type_url(std::string(type_url));
    any->set_value(std::string(payload));
  });
  return grpc::Status(CodeOf(status), message, details.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& any : details.details()) {
      result.SetPayload(any.type_url(), absl::Cord(any.value()));
    }
  }
  return result;
}

}  // namespace hanga
