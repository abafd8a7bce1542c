// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A picture's rows as the pixel data of a PNG, compressed by several threads at once: a picture
// that waits for nothing but its file is the sooner there.
#pragma once

#include <string>

#include "worker/pipelines/pipeline.h"

namespace hanga {

// The zlib stream of an 8-bit RGB PNG. Rows are filtered and compressed in strips of a size that
// depends on the picture alone, so that equal pictures give equal bytes on every machine.
// Thread-safe. Throws std::bad_alloc.
std::string CompressPngRows(const Image& image);

}  // namespace hanga
