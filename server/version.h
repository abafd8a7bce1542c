// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

namespace hanga {

inline constexpr char kVersion[] = HANGA_VERSION;  // the project's, from the build

}  // namespace hanga
