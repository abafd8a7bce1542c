// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"

namespace hanga::client {
namespace {

constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";

// The payload of a detail's type; empty without one.
template <typename Detail>
Detail PayloadOf(const absl::Status& status) {
  Detail detail;
  const auto payload = status.GetPayload(kTypeUrlPrefix + Detail::descriptor()->full_name());
  if (!payload || !detail.ParseFromString(std::string(*payload))) detail.Clear();
  return detail;
}

// Appends what `detail` knows and `text` does not yet say.
void AppendDetail(const google::protobuf::Any& detail, std::string& text) {
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
  if (detail.UnpackTo(&bad_request)) {
    for (const auto& violation : bad_request.field_violations()) {
      if (text.find(violation.description()) != std::string::npos) continue;
      absl::StrAppend(&text, "; ", violation.field(), ": ", violation.description());
    }
  } else if (detail.UnpackTo(&retry)) {
    const absl::Duration delay = absl::Seconds(retry.retry_delay().seconds()) +
                                 absl::Nanoseconds(retry.retry_delay().nanos());
    absl::StrAppend(&text, "; try again in ", absl::FormatDuration(delay));
  }
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  std::string text = status.error_message();
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) details.Clear();
  for (const auto& detail : details.details()) AppendDetail(detail, text);
  // The codes of gRPC and Abseil are the same numbers.
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), text);
  for (const auto& detail : details.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

absl::Status FromGrpc(const grpc::Status& status, const std::string& address) {
  absl::Status result = FromGrpc(status);
  // The server's own UNAVAILABLE carries an ErrorInfo; the library's does not.
  if (!absl::IsUnavailable(result) || !ErrorReason(result).empty()) return result;
  return absl::UnavailableError(
      absl::StrCat("no hangad answers at ", address, "; is it running? (", result.message(), ")"));
}

std::string ErrorReason(const absl::Status& status) {
  return PayloadOf<google::rpc::ErrorInfo>(status).reason();
}

google::rpc::BadRequest FieldViolations(const absl::Status& status) {
  return PayloadOf<google::rpc::BadRequest>(status);
}

}  // namespace hanga::client
