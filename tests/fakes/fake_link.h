// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The scheduler's end of a worker's link, stepped by hand on the test's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "worker/agent/stream.h"

namespace hanga {

class FakeScheduler : public StreamFactory {
 public:
  absl::StatusOr<std::unique_ptr<Stream>> Open(StreamEvents* events) override {
    ++opened;
    if (!open_status.ok()) return open_status;
    events_ = events;
    writing_ = closed_by_worker = cancelled = false;
    return std::make_unique<FakeStream>(this);
  }

  void Send(v1::AttachResponse message) { events_->OnRead(std::move(message)); }

  // Lets the worker write until it has nothing more to say.
  void Receive() {
    while (std::exchange(writing_, false)) events_->OnWritten();
  }
  // Everything received since the last call.
  std::vector<v1::AttachRequest> Take() {
    Receive();
    return std::exchange(received, {});
  }

  void Cut(const absl::Status& status = absl::UnavailableError("cut")) {
    writing_ = false;
    std::exchange(events_, nullptr)->OnDone(status);
  }
  bool connected() const { return events_ != nullptr; }

  absl::Status open_status;
  std::vector<v1::AttachRequest> received;
  int opened = 0;
  bool closed_by_worker = false, cancelled = false;

 private:
  class FakeStream : public Stream {
   public:
    explicit FakeStream(FakeScheduler* scheduler) : scheduler_(*scheduler) {}
    void Write(v1::AttachRequest message) override {
      scheduler_.received.push_back(std::move(message));
      scheduler_.writing_ = true;
    }
    void CloseWrites() override { scheduler_.closed_by_worker = true; }
    void Cancel() override { scheduler_.cancelled = true; }

   private:
    FakeScheduler& scheduler_;
  };

  StreamEvents* events_ = nullptr;
  bool writing_ = false;
};

}  // namespace hanga
