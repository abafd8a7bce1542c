// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A communicator of CPU devices: tensors are frames of the mesh.
#pragma once

#include <memory>

#include "worker/collectives/communicator.h"
#include "worker/collectives/mesh.h"
#include "worker/collectives/tensor_head.h"

namespace hanga {

std::unique_ptr<Communicator> MakeSocketCommunicator(std::unique_ptr<Mesh> mesh);

}  // namespace hanga
