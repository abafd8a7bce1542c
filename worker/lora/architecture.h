// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// For which model an adapter was made, as far as its keys tell.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "worker/lora/adapter_file.h"

namespace hanga {

// "SDXL"; empty if it looks like nothing that is known.
std::string LooksLike(absl::Span<const AdapterModule> modules);

// Whether an adapter that looks so may be one for a model of the family; true if it looks like
// nothing that is known.
bool MayBeFor(const std::string& architecture, const std::string& family);

// What people call a family of Hanga's: "flux" is FLUX.1.
std::string FamilyTitle(const std::string& family);

}  // namespace hanga
