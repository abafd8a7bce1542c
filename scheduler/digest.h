// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Half a SHA-256: enough to tell requests apart, and half the memory.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message_lite.h"

namespace hanga {

using Digest = std::array<uint8_t, 16>;  // the first half of a SHA-256

Digest DigestOf(absl::string_view text);

// The same bytes for equal messages, also with several entries of a map.
std::string CanonicalBytes(const google::protobuf::MessageLite& message);

}  // namespace hanga
