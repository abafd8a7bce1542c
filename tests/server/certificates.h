// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Certificates made for a test, so that none expires in the tree.
#pragma once

#include <string>

namespace hanga {

struct Certified {
  std::string certificate, key;  // PEM
};

// For `host`, which may be several names and IPv4 addresses with commas, signed by `issuer`, or by
// itself where there is none (and then fit to sign others).
Certified MakeCertificate(const std::string& host, const Certified* issuer);

}  // namespace hanga
