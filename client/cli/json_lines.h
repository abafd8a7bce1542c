// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The program's --json output: one object a line on standard output. docs/cli.md has the schema.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "absl/status/status.h"

namespace hanga::cli {

// {"type": "job", "job": {...}}: the message in proto3's JSON mapping with the names of the .proto
// file, every scalar field present.
std::string JsonLine(const std::string& type, const google::protobuf::Message& message);

// The same with a "path" for a file that was written.
std::string JsonLine(const std::string& type, const google::protobuf::Message& message,
                     const std::string& path);

// {"type": "error", "code": "NOT_FOUND", "reason": "...", "message": "...",
//  "violations": [{"field": "...", "description": "..."}]}
std::string JsonErrorLine(const absl::Status& status);

}  // namespace hanga::cli
