// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A group without other ranks: it is broken by whoever aborts it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "worker/pipelines/group.h"

namespace hanga {

// Thread-safe.
class FakeGroup : public Group {
 public:
  void Follow(const Find& find) override {
    {
      const absl::MutexLock lock(&mutex_);
      following_ = true;
    }
    found_ = find("models/a@1");
    AwaitBroken();
  }
  void Abort(const std::string& why) override {
    const absl::MutexLock lock(&mutex_);
    if (status_.ok()) status_ = absl::AbortedError(why);
  }
  void AwaitBroken() override {
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](FakeGroup* group)
             ABSL_EXCLUSIVE_LOCKS_REQUIRED(group->mutex_) { return !group->status_.ok(); },
        this));
  }
  absl::Status status() const override {
    const absl::MutexLock lock(&mutex_);
    return status_;
  }
  int suspect() const override { return 1; }

  bool following() const {
    const absl::MutexLock lock(&mutex_);
    return following_;
  }
  // After it has been followed to its end.
  const absl::StatusOr<Deployed>& found() const { return found_; }

 private:
  mutable absl::Mutex mutex_;
  absl::Status status_;
  bool following_ = false;
  absl::StatusOr<Deployed> found_ = absl::UnknownError("not followed");
};

// Hands out the groups that a test has put there, one for each call.
class FakeDoor : public GroupDoor {
 public:
  const std::string& address() const override { return address_; }
  absl::StatusOr<std::shared_ptr<Group>> Join(const GroupPlace& place, int* suspect) override {
    const absl::MutexLock lock(&mutex_);
    places_.push_back(place);
    if (next_ == nullptr) {
      *suspect = 1;
      return absl::UnavailableError("rank 1 was not met");
    }
    return std::exchange(next_, nullptr);
  }

  void Prepare(std::shared_ptr<FakeGroup> group) {
    const absl::MutexLock lock(&mutex_);
    next_ = std::move(group);
  }
  std::vector<GroupPlace> places() const {
    const absl::MutexLock lock(&mutex_);
    return places_;
  }

 private:
  const std::string address_ = "127.0.0.1:4000";
  mutable absl::Mutex mutex_;
  std::shared_ptr<FakeGroup> next_;
  std::vector<GroupPlace> places_;
};

}  // namespace hanga
