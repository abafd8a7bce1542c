// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/link_stream.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/farewell.h"
#include "scheduler/status_details.h"

namespace hanga {

LinkStream::LinkStream(const ServiceContext& context, grpc::CallbackServerContext* call,
                       Identity identity, const std::set<std::string>* local_workers)
    : context_(context),
      call_(call),
      identity_(std::move(identity)),
      local_workers_(local_workers) {}

LinkStream* LinkStream::Open() {
  self_ = shared_from_this();
  std::weak_ptr<LinkStream> weak = self_;
  doorbell_ = std::make_shared<Doorbell>(context_.pool, [weak] {
    if (auto stream = weak.lock()) stream->SendNext();
  });
  session_ = context_.scheduler->Attach(identity_.worker_id, self_);
  context_.timers->After(kHelloTime, [weak, pool = context_.pool] {
    pool->Run([weak] {
      auto stream = weak.lock();
      if (stream == nullptr) return;
      {
        absl::MutexLock lock(&stream->mutex_);
        if (stream->said_hello_) return;
      }
      stream->End(StatusWithReason(absl::StatusCode::kDeadlineExceeded, "NO_HELLO",
                                   "the stream was opened, but no Hello came"));
    });
  });
  StartRead(&request_);
  return this;
}

void LinkStream::OnReadDone(bool ok) {
  bool said_hello;
  {
    absl::MutexLock lock(&mutex_);
    taking_ = ok;
    said_hello = said_hello_;
  }
  // Bytes that are no message end the reading as an orderly end does: before the hello neither is
  // what a worker does.
  if (!ok) {
    return End(said_hello ? absl::OkStatus()
                          : StatusWithReason(absl::StatusCode::kInvalidArgument, "BAD_HELLO",
                                             "the first message must be a Hello"));
  }
  context_.pool->Run([self = shared_from_this()] {
    self->TakeMessage();
    self->ReadOn();
  });
}

void LinkStream::TakeMessage() {
  if (request_.has_hello()) {
    const std::string& worker_id = request_.hello().worker_id();
    if (!MayBe(worker_id)) return Refuse(worker_id);
    absl::MutexLock lock(&mutex_);
    said_hello_ = true;
  }
  session_->OnMessage(std::exchange(request_, {}));
}

void LinkStream::ReadOn() {
  {
    absl::MutexLock lock(&mutex_);
    taking_ = false;
    if (!gone_) {
      if (!finished_) StartRead(&request_);
      return;
    }
  }
  CloseSession();
}

bool LinkStream::MayBe(const std::string& worker_id) const {
  if (!identity_.worker_id.empty()) return worker_id == identity_.worker_id;
  return !local_workers_->contains(worker_id);
}

void LinkStream::Refuse(const std::string& worker_id) {
  spdlog::warn("worker refused worker={} peer={} reason=BAD_TOKEN", worker_id, call_->peer());
  v1::Goodbye goodbye;
  goodbye.set_reason("BAD_TOKEN");
  goodbye.set_message(absl::StrCat("the token does not allow to be the worker '", worker_id, "'"));
  SendAway(*this, goodbye);
}

void LinkStream::Send(v1::AttachResponse response) {
  {
    absl::MutexLock lock(&mutex_);
    if (ending_ || broken_) return;
    queued_bytes_ += response.ByteSizeLong();
    queue_.push_back(std::move(response));
    if (queued_bytes_ > kMostQueuedBytes) broken_ = true;
  }
  doorbell_->Ring();
}

void LinkStream::End(absl::Status status) {
  {
    absl::MutexLock lock(&mutex_);
    if (ending_) return;
    ending_ = true;
    end_ = std::move(status);
  }
  doorbell_->Ring();
}

void LinkStream::SendNext() {
  absl::MutexLock lock(&mutex_);
  if (finished_) return;
  if (broken_) {
    finished_ = true;
    call_->TryCancel();
    return Finish(ToGrpc(absl::CancelledError("the worker's stream broke off")));
  }
  if (writing_) return;
  if (!queue_.empty()) {
    writing_ = true;
    StartWrite(&queue_.front());
  } else if (ending_) {
    finished_ = true;
    Finish(ToGrpc(end_));
  }
}

void LinkStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    broken_ = broken_ || !ok;
    queued_bytes_ -= queue_.front().ByteSizeLong();
    queue_.pop_front();
  }
  doorbell_->Ring();
}

void LinkStream::CloseSession() {
  session_->OnClosed();
  session_.reset();  // which holds this stream as its sink
}

void LinkStream::OnCancel() { BreakOff(); }

void LinkStream::BreakOff() {
  {
    absl::MutexLock lock(&mutex_);
    broken_ = true;
  }
  doorbell_->Ring();
}

void LinkStream::OnDone() {
  // On the pool: the session may wait for the scheduler. It is closed after its last message.
  context_.pool->Run([self = std::move(self_)] {
    {
      absl::MutexLock lock(&self->mutex_);
      self->gone_ = true;
      if (self->taking_) return;
    }
    self->CloseSession();
  });
}

}  // namespace hanga
