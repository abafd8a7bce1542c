// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Between the link's messages and the engine's plain structs.
#pragma once

#include <string>

#include "hanga/v1/job.pb.h"
#include "hanga/v1/model_service.pb.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "worker/agent/inputs.h"
#include "worker/media/metadata.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// A resolved spec (every field that matters is set) as the engine takes it, but for its pictures
// (worker/agent/pictures.h).
GenerationRequest RequestOf(const v1::GenerationSpec& spec);

// Gives the request the files that its spec names by their content.
void FillFiles(const InputSet& inputs, GenerationRequest* request);

ModelFiles FilesOf(const v1::ModelDeployment& deployment);
PlacementLevers LeversOf(const v1::ModelDeployment& deployment);
LoadOptions OptionsOf(const v1::ModelDeployment& deployment, const std::string& device);

// A usable model as it is reported; the deployment's `max_pixels` tightens the engine's limit.
v1::Model UsableModel(const v1::ModelDeployment& deployment, const ModelFacts& facts);

// What is written into the picture's file.
PictureMetadata MetadataOf(const v1::GenerationSpec& spec, const std::string& model_sha256);

}  // namespace hanga
