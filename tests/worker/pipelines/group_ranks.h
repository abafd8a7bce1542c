// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A group whose ranks are threads of a test: real doors, real parts, CPU devices. Rank 0 is the
// test's thread; ranks 1 and up follow.
#pragma once

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/group.h"

namespace hanga::testing {

class GroupRanks {
 public:
  // `deployed`: what every rank finds by its deployment.
  GroupRanks(int size, std::map<std::string, ModelFiles> deployed)
      : deployed_(std::move(deployed)) {
    at::set_num_threads(1);
    GroupPlace place;
    place.number = 7;
    place.secret = std::string(32, 's');
    for (int rank = 0; rank < size; ++rank) {
      auto door = OpenGroupDoor("127.0.0.1:0", "cpu");
      if (!door.ok()) ADD_FAILURE() << door.status();
      doors_.push_back(*std::move(door));
      place.workers.push_back(absl::StrCat("workers/cpu-", rank));
      place.addresses.push_back(doors_.back()->address());
    }
    for (int rank = 1; rank < size; ++rank) {
      GroupPlace mine = place;
      mine.rank = rank;
      followers_.emplace_back([this, mine] { Follow(mine); });
    }
    int suspect = -1;
    auto group = doors_[0]->Join(place, &suspect);
    if (!group.ok()) ADD_FAILURE() << group.status();
    group_ = *std::move(group);
  }
  ~GroupRanks() {
    group_->Abort("the test is over");
    for (std::thread& follower : followers_) follower.join();
  }

  // As the leader loads it.
  absl::StatusOr<std::unique_ptr<Pipeline>> Load(const std::string& deployment,
                                                 const ModelFiles& files) {
    LoadOptions options;
    options.group = group_;
    options.deployment = deployment;
    return LoadPipeline(files, options);
  }
  Group& group() { return *group_; }

 private:
  void Follow(const GroupPlace& place) {
    at::set_num_threads(1);
    int suspect = -1;
    const auto group = doors_[place.rank]->Join(place, &suspect);
    ASSERT_TRUE(group.ok()) << group.status();
    (*group)->Follow([this](const std::string& deployment) -> absl::StatusOr<Group::Deployed> {
      const auto found = deployed_.find(deployment);
      if (found == deployed_.end()) return absl::NotFoundError("not deployed here");
      return Group::Deployed{found->second, {}};
    });
  }

  const std::map<std::string, ModelFiles> deployed_;
  std::vector<std::unique_ptr<GroupDoor>> doors_;
  std::vector<std::thread> followers_;
  std::shared_ptr<Group> group_;
};

}  // namespace hanga::testing
