// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/group_member.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/agent/spec.h"

namespace hanga {
namespace {

constexpr char kTakenBack[] = "the scheduler took it back";

GroupPlace PlaceOf(const v1::SetGroup& set) {
  GroupPlace place;
  place.number = set.group();
  place.rank = static_cast<int>(set.rank());
  for (const v1::GroupMember& member : set.members()) {
    place.workers.push_back(member.worker());
    place.addresses.push_back(member.address());
  }
  place.secret = set.secret();
  return place;
}

}  // namespace

GroupMember::GroupMember(const Engine* engine, ModelBook* book, Outbox* outbox, StepLoop* loop,
                         std::function<void()> on_left)
    : engine_(*engine),
      book_(*book),
      outbox_(*outbox),
      loop_(*loop),
      on_left_(std::move(on_left)) {}

void GroupMember::Set(v1::SetGroup place) {
  const absl::MutexLock lock(&mutex_);
  if (stopping_ || place.group() == wanted_.group()) return;
  wanted_ = std::move(place);
  changed_ = true;
  if (group_ != nullptr) group_->Abort(kTakenBack);
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

void GroupMember::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (group_ != nullptr) group_->Abort("the worker stops");
  }
  if (thread_.joinable()) thread_.join();
}

bool GroupMember::follows() const {
  const absl::MutexLock lock(&mutex_);
  return wanted_.group() != 0 && wanted_.rank() != 0;
}

size_t GroupMember::size() const {
  const absl::MutexLock lock(&mutex_);
  return group_ != nullptr && wanted_.rank() == 0 ? static_cast<size_t>(wanted_.members_size()) : 1;
}

void GroupMember::Run() {
  for (;;) {
    v1::SetGroup place;
    {
      const absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](GroupMember* member) ABSL_EXCLUSIVE_LOCKS_REQUIRED(member->mutex_) {
            return member->stopping_ || member->changed_;
          },
          this));
      if (stopping_) return;
      changed_ = false;
      place = wanted_;
    }
    if (place.group() == 0) {
      on_left_();
    } else {
      TakePlace(place);
    }
  }
}

// Until the group is over.
void GroupMember::TakePlace(const v1::SetGroup& place) {
  const uint64_t number = place.group();
  if (engine_.door == nullptr) {
    Report(number, absl::FailedPreconditionError("this worker joins no groups"), -1);
    return;
  }
  int suspect = -1;
  absl::StatusOr<std::shared_ptr<Group>> joined = engine_.door->Join(PlaceOf(place), &suspect);
  if (!joined.ok()) {
    Report(number, joined.status(), suspect);
    return;
  }
  const std::shared_ptr<Group> group = *std::move(joined);
  if (!Began(group, number)) return;
  spdlog::info("joins a group rank={} size={}", place.rank(), place.members_size());
  if (place.rank() == 0) {
    loop_.JoinGroup(group);
    Report(number, absl::OkStatus(), -1);
    group->AwaitBroken();
    loop_.LeaveGroup(group->status());
  } else {
    loop_.MakeRoom();
    Report(number, absl::OkStatus(), -1);
    group->Follow([this](const std::string& deployment) { return Find(deployment); });
  }
  {
    const absl::MutexLock lock(&mutex_);
    group_.reset();
  }
  spdlog::info("the group is over: {}", std::string(group->status().message()));
  Report(number, group->status(), group->suspect());
}

// False: it is not wanted any more.
bool GroupMember::Began(std::shared_ptr<Group> group, uint64_t number) {
  const absl::MutexLock lock(&mutex_);
  if (stopping_ || wanted_.group() != number) return false;
  group_ = std::move(group);
  return true;
}

void GroupMember::Report(uint64_t number, const absl::Status& status, int suspect) {
  {
    const absl::MutexLock lock(&mutex_);
    if (stopping_ || wanted_.group() != number) return;  // the scheduler knows
  }
  v1::GroupReport report;
  report.set_group(number);
  report.set_ready(status.ok());
  report.set_problem(std::string(status.message()));
  if (suspect >= 0) report.set_suspect(static_cast<uint32_t>(suspect));
  outbox_.Report(std::move(report));
}

absl::StatusOr<Group::Deployed> GroupMember::Find(const std::string& deployment) const {
  const auto entry = book_.Find(deployment.substr(0, deployment.find('@')));
  if (!entry || entry->id() != deployment) {
    return absl::NotFoundError(absl::StrCat(deployment, " is not deployed on this worker"));
  }
  return Group::Deployed{FilesOf(entry->deployment), OptionsOf(entry->deployment, engine_.device)};
}

}  // namespace hanga
