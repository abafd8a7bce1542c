// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/load/unary_load.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace hanga::bench {
namespace {

// One call in flight.
struct Call {
  grpc::ClientContext context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::Time due;
};

// The clients of one thread, over one connection.
class Loop {
 public:
  Loop(const UnaryLoad& load, int clients)
      : load_(load), idle_(clients), interval_(Interval(load)), stub_(Connect(load.address)) {}

  UnaryLoadResult Run() {
    const absl::Time start = absl::Now();
    count_from_ = start + load_.warm_up;
    const absl::Time end = count_from_ + load_.duration;
    next_due_ = start;
    int in_flight = 0;
    while (absl::Now() < end || in_flight > 0) {
      in_flight += BeginDueCalls(end);
      void* tag = nullptr;
      bool ok = false;
      const absl::Time until = idle_ > 0 ? std::min(next_due_, end) : end + absl::Seconds(30);
      if (queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(until)) !=
          grpc::CompletionQueue::GOT_EVENT) {
        if (absl::Now() > end + absl::Seconds(30)) break;
        continue;
      }
      Finish(std::unique_ptr<Call>(static_cast<Call*>(tag)), end);
      --in_flight;
      ++idle_;
    }
    result_.per_second = result_.latencies.count() / absl::ToDoubleSeconds(load_.duration);
    return std::move(result_);
  }

 private:
  static absl::Duration Interval(const UnaryLoad& load) {
    return load.rate > 0 ? absl::Seconds(load.threads / load.rate) : absl::ZeroDuration();
  }

  static std::unique_ptr<grpc::GenericStub> Connect(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }

  int BeginDueCalls(absl::Time end) {
    int begun = 0;
    for (absl::Time now = absl::Now(); idle_ > 0 && now < end && next_due_ <= now;
         now = absl::Now()) {
      auto call = std::make_unique<Call>();
      call->due = interval_ > absl::ZeroDuration() ? next_due_ : now;
      next_due_ = interval_ > absl::ZeroDuration() ? next_due_ + interval_ : now;
      grpc::Slice slice(load_.request());
      call->reader = stub_->PrepareUnaryCall(&call->context, load_.method,
                                             grpc::ByteBuffer(&slice, 1), &queue_);
      call->reader->StartCall();
      call->reader->Finish(&call->response, &call->status, call.get());
      call.release();  // owned by the queue until its event
      --idle_;
      ++begun;
    }
    return begun;
  }

  void Finish(std::unique_ptr<Call> call, absl::Time end) {
    ++result_.calls;
    const absl::Time now = absl::Now();
    if (now < count_from_ || now > end) return;
    if (call->status.ok()) {
      result_.latencies.Add(now - call->due);
    } else if (result_.failed++ == 0) {
      result_.first_error = absl::StrCat(static_cast<int>(call->status.error_code()), ": ",
                                         call->status.error_message());
    }
  }

  const UnaryLoad& load_;
  int idle_;
  const absl::Duration interval_;
  std::unique_ptr<grpc::GenericStub> stub_;
  grpc::CompletionQueue queue_;
  absl::Time count_from_, next_due_;
  UnaryLoadResult result_;
};

// User and system time of a process since its start; zero if there is none.
absl::Duration CpuTime(int pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string word;
  while (file >> word && word.back() != ')') {
  }
  for (int field = 3; field < 14 && file >> word; ++field) {
  }
  double user = 0, system = 0;
  file >> user >> system;
  return absl::Seconds((user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace

UnaryLoadResult RunUnaryLoad(const UnaryLoad& load) {
  const absl::Duration client_before = CpuTime(getpid());
  const absl::Duration server_before = CpuTime(load.server_pid);
  std::vector<UnaryLoadResult> results(load.threads);
  std::vector<std::thread> threads;
  for (int i = 0; i < load.threads; ++i) {
    threads.emplace_back([&, i] {
      results[i] = Loop(load, (load.clients + load.threads - 1 - i) / load.threads).Run();
    });
  }
  UnaryLoadResult sum;
  for (int i = 0; i < load.threads; ++i) {
    threads[i].join();
    sum.latencies.Add(results[i].latencies);
    sum.failed += results[i].failed;
    sum.calls += results[i].calls;
    sum.per_second += results[i].per_second;
    if (sum.first_error.empty()) sum.first_error = results[i].first_error;
  }
  if (sum.calls > 0) {
    sum.client_cpu = (CpuTime(getpid()) - client_before) / static_cast<double>(sum.calls);
    sum.server_cpu = (CpuTime(load.server_pid) - server_before) / static_cast<double>(sum.calls);
  }
  return sum;
}

}  // namespace hanga::bench
