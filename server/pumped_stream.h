// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A stream of answers to a client, made one at a time when the client has taken the one before: a
// slow reader holds back its own stream and nothing else.
#pragma once

#include <atomic>
#include <memory>

#include "scheduler/status_details.h"
#include "server/call.h"

namespace hanga {

// Subclasses say what comes next; Ring() says that there may be something. Lives until gRPC is done
// with it and nothing refers to it any more.
template <typename Response>
class PumpedStream : public grpc::ServerWriteReactor<Response>,
                     public OpenStream,
                     public std::enable_shared_from_this<PumpedStream<Response>> {
 public:
  // Call once, on a shared_ptr, and return `this` to gRPC.
  PumpedStream* Open(const ServiceContext& context) {
    self_ = this->shared_from_this();
    streams_ = context.streams;
    std::weak_ptr<PumpedStream> weak = self_;
    doorbell_ = std::make_shared<Doorbell>(context.pool, [weak] {
      if (auto stream = weak.lock()) stream->Pump();
    });
    streams_->Add(self_);
    Ring();
    return this;
  }

  void EndForShutdown() override {
    shutdown_ = true;
    Ring();
  }

 protected:
  enum class Next { kMessage, kNothing, kEnd };

  // Fills `*response`, or says that there is nothing yet, or sets `*end`. Runs on the pool, never
  // twice at a time.
  virtual Next Produce(Response* response, absl::Status* end) = 0;

  // The client has gone before the end. Runs on the pool, at most once.
  virtual void OnGone() {}

  void Ring() { doorbell_->Ring(); }
  std::weak_ptr<Doorbell> doorbell() const { return doorbell_; }

 private:
  void Pump() {
    if (finished_ || writing_) return;
    if (gone_) {
      OnGone();
      return End(absl::CancelledError("the client has gone"));
    }
    if (shutdown_) {
      return End(StatusWithReason(absl::StatusCode::kUnavailable, "SHUTDOWN",
                                  "the server is shutting down; the job goes on when it is back"));
    }
    absl::Status end;
    response_.Clear();
    switch (Produce(&response_, &end)) {
      case Next::kNothing:
        return;
      case Next::kEnd:
        return End(end);
      case Next::kMessage:
        writing_ = true;
        this->StartWrite(&response_);
    }
  }

  void End(const absl::Status& status) {
    finished_ = true;
    this->Finish(ToGrpc(status));
  }

  void OnWriteDone(bool ok) override {
    if (!ok) gone_ = true;
    writing_ = false;
    Ring();
  }

  void OnCancel() override {
    gone_ = true;
    Ring();
  }

  void OnDone() override {
    streams_->Remove(this);
    self_.reset();
  }

  std::shared_ptr<PumpedStream> self_;
  std::shared_ptr<Doorbell> doorbell_;
  OpenStreams* streams_ = nullptr;
  std::atomic<bool> writing_ = false, gone_ = false, shutdown_ = false;
  bool finished_ = false;  // of Pump
  Response response_;
};

// A stream that ends at once.
template <typename Response>
grpc::ServerWriteReactor<Response>* FinishStream(const absl::Status& status) {
  class Ended : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Ended(const absl::Status& status) { this->Finish(ToGrpc(status)); }
    void OnDone() override { delete this; }
  };
  return new Ended(status);
}

}  // namespace hanga
