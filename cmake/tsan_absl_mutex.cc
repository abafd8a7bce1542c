// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Linked into every program of a thread-sanitizer build, and into no other.
//
// The distribution's Abseil is not instrumented, so the sanitizer does not see what absl::Mutex
// orders and would report every use of one as a race. The definitions here take the place of the
// library's (an executable's symbols come first), tell the sanitizer, and call the library's.
// A condition is read by whichever thread unlocks, on behalf of the one that waits: those reads are
// under the lock but outside what the sanitizer was told, so they are ignored.

#include <dlfcn.h>

#include "absl/synchronization/mutex.h"

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);

// What libraries without instrumentation do among themselves is not for us to judge.
const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }

// gRPC hands calls from thread to thread inside its own library, which is not instrumented:
// whatever was passed through it looks like a race. What threads of ours share is still judged.
const char* __tsan_default_suppressions() { return "race:grpc::internal::\nrace:libgrpc\n"; }
}

namespace {

template <typename Function>
Function* Library(const char* symbol) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, symbol));
}

class IgnoreReads {
 public:
  IgnoreReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~IgnoreReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

// Gives the lock up and has it again, as waiting does.
template <typename Wait>
auto Waiting(absl::Mutex* mutex, Wait&& wait) {
  struct Reacquire {
    absl::Mutex* mutex;
    ~Reacquire() { __tsan_acquire(mutex); }
  } reacquire{mutex};
  __tsan_release(mutex);
  const IgnoreReads ignore;
  return wait();
}

}  // namespace

namespace absl {

#define HANGA_MUTEX "_ZN4absl7debian35Mutex"
#define HANGA_CONDITION "RKNS0_9ConditionE"

void Mutex::Lock() {
  static auto* const library = Library<void(Mutex*)>(HANGA_MUTEX "4LockEv");
  library(this);
  __tsan_acquire(this);
}

void Mutex::Unlock() {
  static auto* const library = Library<void(Mutex*)>(HANGA_MUTEX "6UnlockEv");
  __tsan_release(this);
  const IgnoreReads ignore;
  library(this);
}

bool Mutex::TryLock() {
  static auto* const library = Library<bool(Mutex*)>(HANGA_MUTEX "7TryLockEv");
  const bool locked = library(this);
  if (locked) __tsan_acquire(this);
  return locked;
}

void Mutex::ReaderLock() {
  static auto* const library = Library<void(Mutex*)>(HANGA_MUTEX "10ReaderLockEv");
  library(this);
  __tsan_acquire(this);
}

void Mutex::ReaderUnlock() {
  static auto* const library = Library<void(Mutex*)>(HANGA_MUTEX "12ReaderUnlockEv");
  __tsan_release(this);
  const IgnoreReads ignore;
  library(this);
}

void Mutex::Await(const Condition& condition) {
  static auto* const library =
      Library<void(Mutex*, const Condition&)>(HANGA_MUTEX "5AwaitE" HANGA_CONDITION);
  Waiting(this, [&] { library(this, condition); });
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  static auto* const library = Library<bool(Mutex*, const Condition&, Duration)>(
      HANGA_MUTEX "16AwaitWithTimeoutE" HANGA_CONDITION "NS0_8DurationE");
  return Waiting(this, [&] { return library(this, condition, timeout); });
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static auto* const library = Library<bool(Mutex*, const Condition&, Time)>(
      HANGA_MUTEX "17AwaitWithDeadlineE" HANGA_CONDITION "NS0_4TimeE");
  return Waiting(this, [&] { return library(this, condition, deadline); });
}

void Mutex::LockWhen(const Condition& condition) {
  static auto* const library =
      Library<void(Mutex*, const Condition&)>(HANGA_MUTEX "8LockWhenE" HANGA_CONDITION);
  {
    const IgnoreReads ignore;
    library(this, condition);
  }
  __tsan_acquire(this);
}

void CondVar::Wait(Mutex* mutex) {
  static auto* const library =
      Library<void(CondVar*, Mutex*)>("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE");
  Waiting(mutex, [&] { library(this, mutex); });
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static auto* const library = Library<bool(CondVar*, Mutex*, Duration)>(
      "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  return Waiting(mutex, [&] { return library(this, mutex, timeout); });
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static auto* const library = Library<bool(CondVar*, Mutex*, Time)>(
      "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  return Waiting(mutex, [&] { return library(this, mutex, deadline); });
}

#undef HANGA_CONDITION
#undef HANGA_MUTEX

}  // namespace absl
