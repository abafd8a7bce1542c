// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/interrupt.h"

#include <grpcpp/client_context.h>

namespace hanga::client {

void Interrupt::Trigger() {
  absl::MutexLock lock(&mutex_);
  triggered_ = true;
  for (grpc::ClientContext* call : calls_) call->TryCancel();
}

bool Interrupt::triggered() const {
  absl::MutexLock lock(&mutex_);
  return triggered_;
}

bool Interrupt::WaitFor(absl::Duration timeout) const {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&triggered_), timeout);
}

Interrupt::Scope::Scope(Interrupt* interrupt, grpc::ClientContext* call)
    : interrupt_(interrupt), call_(call) {
  if (interrupt_ == nullptr) return;
  absl::MutexLock lock(&interrupt_->mutex_);
  interrupt_->calls_.insert(call_);
  // A context that is cancelled before its call begins ends the call at once.
  if (interrupt_->triggered_) call_->TryCancel();
}

Interrupt::Scope::~Scope() {
  if (interrupt_ == nullptr) return;
  absl::MutexLock lock(&interrupt_->mutex_);
  interrupt_->calls_.erase(call_);
}

}  // namespace hanga::client
