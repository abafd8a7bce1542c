// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Makes what the tests of this folder talk with and about.
#pragma once

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "client/client.h"

namespace hanga::client {

inline std::unique_ptr<Client> Connect(const std::string& address, ClientOptions options = {}) {
  options.address = address;
  auto client = Client::Make(options);
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

inline v1::Job MakeJob(v1::JobState state, uint64_t sequence) {
  v1::Job job;
  job.set_name("jobs/a");
  job.set_state(state);
  job.set_sequence(sequence);
  return job;
}

// The description of image 0 of jobs/a with these bytes.
inline v1::Artifact MakeArtifact(const std::string& bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  v1::Artifact artifact;
  artifact.set_name("jobs/a/artifacts/0");
  artifact.set_content_type("image/png");
  artifact.set_size_bytes(bytes.size());
  artifact.set_sha256(absl::BytesToHexString(digest));
  return artifact;
}

inline grpc::Status Unavailable() { return {grpc::StatusCode::UNAVAILABLE, "going away"}; }

}  // namespace hanga::client
