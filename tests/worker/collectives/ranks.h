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

class Ranks {
 public:
  // Every rank meets the others; `tune` changes a rank's options before.
  explicit Ranks(int size, const std::function<void(MeshOptions&)>& tune = {}) {
    std::vector<std::string> addresses, names;
    for (int rank = 0; rank < size; ++rank) {
      absl::StatusOr<Listener> listener = Listener::Open("127.0.0.1:0");
      EXPECT_TRUE(listener.ok()) << listener.status();
      listeners_.push_back(std::make_unique<Listener>(*std::move(listener)));
      addresses.push_back(listeners_.back()->address());
      names.push_back(absl::StrCat("workers/cpu-", rank));
    }
    meshes_.resize(size);
    RunEach(size, [&](int rank) {
      MeshOptions options;
      options.group = 7;
      options.rank = rank;
      options.addresses = addresses;
      options.names = names;
      options.secret = kSecret;
      if (tune) tune(options);
      int suspect = -1;
      absl::StatusOr<std::unique_ptr<Mesh>> mesh =
          Mesh::Join(*listeners_[rank], std::move(options), &suspect);
      ASSERT_TRUE(mesh.ok()) << mesh.status();
      meshes_[rank] = *std::move(mesh);
    });
    for (auto& mesh : meshes_) {
      communicators_.push_back(mesh == nullptr ? nullptr : MakeSocketCommunicator(std::move(mesh)));
    }
  }

  // Runs `work` on a thread of each rank, to its end.
  void Run(const std::function<void(Communicator&)>& work) {
    RunEach(size(), [&](int rank) { work(*communicators_[rank]); });
  }

  int size() const { return static_cast<int>(communicators_.size()); }
  Communicator& operator[](int rank) { return *communicators_[rank]; }
  void Leave(int rank) { communicators_[rank].reset(); }

 private:
  static void RunEach(int size, const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank) threads.emplace_back([&, rank] { work(rank); });
    for (std::thread& thread : threads) thread.join();
  }

  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Mesh>> meshes_;
  std::vector<std::unique_ptr<Communicator>> communicators_;
};

}  // namespace hanga::testing
