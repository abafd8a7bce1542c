// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/storm/traffic.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/status.h"

namespace hanga::bench {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(10);  // between two tries

// What a server that was killed, is stopped or has no space answers; nothing is known then.
bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status) || absl::IsCancelled(status);
}

const absl::Status& StatusOf(const absl::StatusOr<v1::Job>& job) { return job.status(); }

}  // namespace

struct Traffic::Plan {
  v1::SubmitJobRequest request;
  bool generate = false, cancel_on_disconnect = false;
  absl::Duration cancel_after = absl::InfiniteDuration();
  absl::Duration queue_time = absl::InfiniteDuration();

  explicit Plan(Random& random) {
    const auto draw = [&random](uint32_t from, uint32_t to) {
      return from + static_cast<uint32_t>(random() % (to - from + 1));
    };
    v1::GenerationSpec& spec = *request.mutable_spec();
    spec.set_model(draw(1, 100) <= 3 ? "models/broken" : "models/flow");
    spec.set_prompt(absl::StrCat("a boat on sea ", draw(1, 5)));
    spec.set_seed(draw(0, 20));
    spec.set_steps(draw(1, 12));
    spec.set_num_images(draw(1, 3));
    spec.set_width(64);
    spec.set_height(64);
    request.set_request_id(absl::StrCat(absl::Hex(random()), "-", absl::Hex(random())));
    request.set_priority(static_cast<v1::Priority>(draw(1, 3)));
    const uint32_t kind = draw(1, 100);
    if (kind <= 40) {
      generate = true;
      cancel_on_disconnect = kind <= 15;
    } else if (kind <= 55) {
      cancel_after = absl::Milliseconds(draw(0, 60));
    } else if (kind <= 65) {
      queue_time = absl::Milliseconds(draw(100, 400));
    }
  }
};

Traffic::Traffic(const std::string& address, TrafficSettings settings, Ledger* ledger)
    : address_(address), settings_(settings), ledger_(ledger) {
  for (int i = 0; i < settings_.clients; ++i) threads_.emplace_back([this, i] { Loop(i); });
}

void Traffic::Finish() {
  finishing_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Traffic::Loop(uint64_t client_index) {
  Random random(settings_.seed * 1000 + client_index);
  client::ClientOptions options;
  options.address = address_;
  options.call_timeout = absl::Seconds(5);
  options.reconnect_timeout = settings_.patience;
  if (!settings_.tokens.empty()) {
    options.token = settings_.tokens[client_index % settings_.tokens.size()];
  }
  const auto client = *client::Client::Make(options);
  while (!finishing_) {
    Plan plan(random);
    if (plan.queue_time != absl::InfiniteDuration()) {
      const absl::Time deadline = absl::Now() + plan.queue_time;
      plan.request.mutable_queue_deadline()->set_seconds(absl::ToUnixSeconds(deadline));
      plan.request.mutable_queue_deadline()->set_nanos(
          static_cast<int32_t>(absl::ToUnixMicros(deadline) % 1'000'000 * 1000));
    }
    Carry(*client, plan);
    absl::SleepFor(settings_.pause * (static_cast<double>(random() % 2000) / 1000));
  }
}

template <typename Call>
auto Traffic::Persist(Call call) -> decltype(call()) {
  const absl::Time give_up = absl::Now() + settings_.patience;
  while (true) {
    auto answer = call();
    if (answer.ok() || !MayPass(StatusOf(answer)) || absl::Now() > give_up) return answer;
    ++resubmissions_;
    absl::SleepFor(kPause);
  }
}

void Traffic::Carry(client::Client& client, const Plan& plan) {
  v1::Job job;
  if (plan.generate && Generate(client, plan, &job)) return;
  const auto submitted = Persist([&] { return client.Submit(plan.request); });
  if (!submitted.ok()) {
    // Its deadline has passed while the server was away; it must not have become a job then.
    const bool late =
        absl::IsInvalidArgument(submitted.status()) && plan.request.has_queue_deadline();
    if (!late) ledger_->Violation(absl::StrCat("a submit got ", submitted.status().ToString()));
    return;
  }
  ledger_->Acknowledged(plan.request.request_id(), *submitted);
  if (plan.cancel_after != absl::InfiniteDuration()) {
    absl::SleepFor(plan.cancel_after);
    Cancel(client, submitted->name());
  }
  Follow(client, *submitted);
}

// False if the stream was broken off, or never was one: the job is then submitted again under its
// id, which finds it, and followed.
bool Traffic::Generate(client::Client& client, const Plan& plan, v1::Job* job) {
  v1::GenerateRequest request;
  *request.mutable_submit() = plan.request;
  request.set_cancel_on_disconnect(plan.cancel_on_disconnect);
  client::Interrupt interrupt;
  uint32_t images = 0;
  const Ledger::StreamScope scope(*ledger_, interrupt);
  const auto ended = client.Generate(request,
                                     {.on_job =
                                          [&](const v1::Job& state) {
                                            *job = state;
                                            ledger_->Acknowledged(plan.request.request_id(), state);
                                          },
                                      .on_image =
                                          [&](const v1::Artifact& artifact, const std::string&) {
                                            ++images;
                                            ledger_->Drawn(*job, artifact);
                                            return absl::OkStatus();
                                          }},
                                     &interrupt);
  if (!ended.ok()) {
    if (!MayPass(ended.status())) {
      ledger_->Violation(
          absl::StrCat("Generate of ", job->name(), " got ", ended.status().ToString()));
    }
    return false;
  }
  ledger_->Ended(*ended);
  if (ended->state() == v1::JOB_STATE_SUCCEEDED && images != ended->spec().num_images()) {
    ledger_->Violation(absl::StrCat("Generate of ", ended->name(), " gave ", images, " of ",
                                    ended->spec().num_images(), " images"));
  }
  return true;
}

void Traffic::Cancel(client::Client& client, const std::string& name) {
  const auto job = Persist([&] { return client.Cancel(name); });
  if (job.ok()) {
    // CANCELLING promises nothing: images that finish first may be the last.
    if (client::IsFinal(job->state())) ledger_->Ended(*job);
  } else if (!absl::IsFailedPrecondition(job.status())) {
    ledger_->Violation(absl::StrCat("cancelling ", name, " got ", job.status().ToString()));
  }
}

void Traffic::Follow(client::Client& client, const v1::Job& job) {
  v1::WatchJobRequest request;
  request.set_name(job.name());
  request.set_max_rate(20);
  const auto ended = Persist([&] { return client.Watch(request, {}); });
  if (!ended.ok()) {
    ledger_->Violation(
        absl::StrCat("the end of ", job.name(), " was never told: ", ended.status().ToString()));
    return;
  }
  ledger_->Ended(*ended);
  if (settings_.download) Download(client, *ended);
}

void Traffic::Download(client::Client& client, const v1::Job& job) {
  for (const v1::Artifact& artifact : job.artifacts()) {
    ledger_->Drawn(job, artifact);
    const auto bytes =
        client.Download(artifact.name(), [](std::string_view) { return absl::OkStatus(); });
    if (!bytes.ok()) {
      ledger_->Violation(absl::StrCat(artifact.name(), ": ", bytes.status().ToString()));
    }
  }
}

}  // namespace hanga::bench
