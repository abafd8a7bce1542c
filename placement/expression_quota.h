// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The amounts in an expression: the rules that read quotas and sizes off a cursor.
#pragma once

#include <cstdint>
#include <string>

#include "placement/expression.h"
#include "placement/expression_cursor.h"

namespace hanga::placement {

// quota := "*" | number unit ["*"] | number "%" ["free"] | fraction | "free" ["-" number unit]
Quota ParseQuota(ExpressionCursor* cursor);

// A number and its unit.
uint64_t ParseSize(ExpressionCursor* cursor);

// `unit_at`: where the unit stands, for errors.
uint64_t ToBytes(double number, const std::string& unit, int unit_at, ExpressionCursor* cursor);

}  // namespace hanga::placement
