// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A network split over ranks that are threads: rank 0 is the test's, the others serve.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "tests/worker/collectives/ranks.h"
#include "worker/handover/hand_over.h"

namespace hanga::testing {

class ServedRanks {
 public:
  explicit ServedRanks(int size) : ranks_(size) {
    for (int rank = 0; rank < size; ++rank) {
      hand_overs_.push_back(std::make_unique<HandOver>(&ranks_[rank], absl::Seconds(20)));
    }
    for (int rank = 1; rank < size; ++rank) {
      threads_.emplace_back([this, rank] {
        for (;;) {
          const auto message = ranks_[rank].NextMessage(absl::InfiniteDuration());
          if (!message.ok()) return;
          const absl::MutexLock lock(&mutex_);
          if (!hand_overs_[rank]->Serve(*message).ok()) return;
        }
      });
    }
  }
  ~ServedRanks() {
    ranks_[0].Abort("the test is over");
    for (std::thread& thread : threads_) thread.join();
  }

  // Before the first launch of the model.
  void Add(uint64_t model, const std::map<std::string, Route>& routes, const HandOver::Run& run) {
    const absl::MutexLock lock(&mutex_);
    for (auto& hand_over : hand_overs_) hand_over->Add(model, routes, run);
  }
  HandOver& leader() { return *hand_overs_[0]; }
  Communicator& operator[](int rank) { return ranks_[rank]; }

 private:
  Ranks ranks_;
  absl::Mutex mutex_;  // of the served ones
  std::vector<std::unique_ptr<HandOver>> hand_overs_;
  std::vector<std::thread> threads_;
};

// Runs on the calling rank's thread; the blocks' weights are shared by the threads.
template <typename State>
HandOver::Run RunOf(const BlockList<State>& blocks) {
  return [&blocks](const std::string&, size_t begin, size_t end, Row* row) {
    RunRange(blocks, begin, end, row, [](size_t, const auto& run) { run(); });
    return absl::OkStatus();
  };
}

}  // namespace hanga::testing
