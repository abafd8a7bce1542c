// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/meeting.h"

#include <algorithm>
#include <list>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "worker/collectives/handshake.h"

namespace hanga {
namespace {

constexpr absl::Duration kBetweenCalls = absl::Milliseconds(20);
// Callers that are heard at once; more wait in the system's queue.
constexpr size_t kMaxGreeting = 64;

class Meeting {
 public:
  Meeting(const Listener& listener, const MeshOptions& options)
      : listener_(listener),
        options_(options),
        me_{options.group, options.rank, static_cast<int>(options.addresses.size()),
            options.secret},
        deadline_(absl::Now() + options.meeting),
        found_(me_.size) {}

  absl::StatusOr<std::vector<Socket>> Run(int* suspect) {
    std::vector<std::thread> callers;
    for (int lower = 0; lower < me_.rank; ++lower) {
      callers.emplace_back([this, lower] { Call(lower); });
    }
    Listen();
    for (std::thread& caller : callers) caller.join();
    for (const auto& greeting : greetings_) greeting->socket.Shutdown();
    for (const auto& greeting : greetings_) greeting->thread.join();
    const absl::MutexLock lock(&mutex_);
    for (int rank = 0; rank < me_.size; ++rank) {
      if (rank == me_.rank || found_[rank].valid()) continue;
      *suspect = rank;
      return absl::UnavailableError(absl::StrCat(options_.names[rank], " (rank ", rank,
                                                 ") was not met within ",
                                                 absl::FormatDuration(options_.meeting)));
    }
    return std::move(found_);
  }

 private:
  struct Greeting {
    Socket socket;
    std::thread thread;
    bool over = false;
  };

  bool Complete() {
    const absl::MutexLock lock(&mutex_);
    for (int rank = me_.rank + 1; rank < me_.size; ++rank) {
      if (!found_[rank].valid()) return false;
    }
    return true;
  }

  void Found(int rank, Socket socket) {
    const absl::MutexLock lock(&mutex_);
    if (!found_[rank].valid()) found_[rank] = std::move(socket);
  }

  void Call(int lower) {
    while (absl::Now() < deadline_) {
      absl::StatusOr<Socket> socket = Connect(options_.addresses[lower], options_.greeting);
      if (socket.ok() && GreetListener(*socket, me_, lower, options_.greeting).ok()) {
        Found(lower, *std::move(socket));
        return;
      }
      absl::SleepFor(kBetweenCalls);
    }
  }

  void Listen() {
    while (absl::Now() < deadline_ && !Complete()) {
      ForgetStrangers();
      if (greetings_.size() >= kMaxGreeting) {
        absl::SleepFor(kBetweenCalls);
        continue;
      }
      absl::StatusOr<Socket> socket = listener_.Accept(kBetweenCalls);
      if (!socket.ok() || !socket->valid()) continue;
      auto greeting = std::make_unique<Greeting>();
      greeting->socket = *std::move(socket);
      greeting->thread = std::thread([this, g = greeting.get()] { Hear(*g); });
      greetings_.push_back(std::move(greeting));
    }
  }

  void Hear(Greeting& greeting) {
    const absl::StatusOr<int> caller = GreetCaller(greeting.socket, me_, options_.greeting);
    if (caller.ok()) Found(*caller, std::move(greeting.socket));
    const absl::MutexLock lock(&mutex_);
    greeting.over = true;
  }

  void ForgetStrangers() {
    for (auto it = greetings_.begin(); it != greetings_.end();) {
      bool over;
      {
        const absl::MutexLock lock(&mutex_);
        over = (*it)->over;
      }
      if (over) {
        (*it)->thread.join();
        it = greetings_.erase(it);
      } else {
        ++it;
      }
    }
  }

  const Listener& listener_;
  const MeshOptions& options_;
  const GroupIdentity me_;
  const absl::Time deadline_;
  std::list<std::unique_ptr<Greeting>> greetings_;  // of the listening thread

  absl::Mutex mutex_;
  std::vector<Socket> found_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::vector<Socket>> Meet(const Listener& listener, const MeshOptions& options,
                                         int* suspect) {
  return Meeting(listener, options).Run(suspect);
}

}  // namespace hanga
