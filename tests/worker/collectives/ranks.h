// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The ranks of a group as threads of a test, over sockets.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/collectives/mesh.h"
#include "worker/collectives/socket_communicator.h"

namespace hanga::testing {

inline const std::string kSecret(32, 's');

// Runs `work` on a thread of each rank, to its end.
inline void OnEachRank(int size, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) threads.emplace_back([&, rank] { work(rank); });
  for (std::thread& thread : threads) thread.join();
}

// Ranks that have met; `tune` changes a rank's options before.
inline std::vector<std::unique_ptr<Mesh>> MeshesOf(
    int size, const std::function<void(MeshOptions&)>& tune = {}) {
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::string> addresses, names;
  for (int rank = 0; rank < size; ++rank) {
    absl::StatusOr<Listener> listener = Listener::Open("127.0.0.1:0");
    EXPECT_TRUE(listener.ok()) << listener.status();
    listeners.push_back(std::make_unique<Listener>(*std::move(listener)));
    addresses.push_back(listeners.back()->address());
    names.push_back(absl::StrCat("workers/cpu-", rank));
  }
  std::vector<std::unique_ptr<Mesh>> meshes(size);
  OnEachRank(size, [&](int rank) {
    MeshOptions options;
    options.group = 7;
    options.rank = rank;
    options.addresses = addresses;
    options.names = names;
    options.secret = kSecret;
    if (tune) tune(options);
    int suspect = -1;
    absl::StatusOr<std::unique_ptr<Mesh>> mesh =
        Mesh::Join(*listeners[rank], std::move(options), &suspect);
    ASSERT_TRUE(mesh.ok()) << mesh.status();
    meshes[rank] = *std::move(mesh);
  });
  return meshes;
}

// Communicators over sockets.
class Ranks {
 public:
  explicit Ranks(int size, const std::function<void(MeshOptions&)>& tune = {}) {
    for (auto& mesh : MeshesOf(size, tune)) {
      communicators_.push_back(mesh == nullptr ? nullptr : MakeSocketCommunicator(std::move(mesh)));
    }
  }

  // Runs `work` on a thread of each rank, to its end.
  void Run(const std::function<void(Communicator&)>& work) {
    OnEachRank(size(), [&](int rank) { work(*communicators_[rank]); });
  }

  int size() const { return static_cast<int>(communicators_.size()); }
  Communicator& operator[](int rank) { return *communicators_[rank]; }
  void Leave(int rank) { communicators_[rank].reset(); }

 private:
  std::vector<std::unique_ptr<Communicator>> communicators_;
};

}  // namespace hanga::testing
