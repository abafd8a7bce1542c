// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/soak/chores.h"

#include <signal.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace hanga::bench {
namespace {

v1::SubmitJobRequest Request(const std::string& model) {
  v1::SubmitJobRequest request;
  v1::GenerationSpec& spec = *request.mutable_spec();
  spec.set_model(model);
  spec.set_prompt("a lighthouse at dusk");
  return request;
}

}  // namespace

Chores::Chores(ChoresSettings settings, Ledger* ledger)
    : settings_(std::move(settings)),
      ledger_(*ledger),
      restart_at_(absl::Now() + settings_.restart_every),
      demo_at_(absl::Now()) {}

void Chores::Round() {
  const absl::Time now = absl::Now();
  if (now >= restart_at_) {
    restart_at_ = now + settings_.restart_every;
    RestartWorker();
  }
  if (settings_.demo && now >= demo_at_) {
    demo_at_ = now + settings_.demo_every;
    DrawDemo();
  }
  // A new connection every few seconds, for calls of every kind of end.
  if (++round_ % 3 == 0) AskForTheImpossible();
  if (round_ % 5 == 0) ListEverything();
}

// In turn killed, told to end, and drained.
void Chores::RestartWorker() {
  const auto client = Connect(settings_.admin_token);
  const auto workers = client->ListWorkers();
  if (!workers.ok()) return Expect(false, workers.status().ToString());
  for (const v1::Worker& worker : *workers) {
    if (worker.name() != settings_.restarted_worker || worker.pid() == 0) continue;
    const uint64_t kind = restarts_++ % 3;
    if (kind < 2) {
      kill(static_cast<pid_t>(worker.pid()), kind == 0 ? SIGKILL : SIGTERM);
      continue;
    }
    Expect(client->Drain(worker.name(), absl::Seconds(1)).ok(), "a worker cannot be drained");
    absl::SleepFor(absl::Seconds(3));
    Expect(client->Undrain(worker.name()).ok(), "a worker cannot be taken back");
  }
}

void Chores::DrawDemo() {
  const auto client = Connect(settings_.tokens[demo_pictures_ % settings_.tokens.size()]);
  v1::GenerateRequest request;
  *request.mutable_submit() = Request("models/demo");
  request.mutable_submit()->set_request_id(client::NewRequestId());
  v1::GenerationSpec& spec = *request.mutable_submit()->mutable_spec();
  spec.set_seed(demo_pictures_ % 10);
  spec.set_preview_interval(5);
  v1::Job last;
  const auto job =
      client->Generate(request, {.on_job =
                                     [&](const v1::Job& told) {
                                       last = told;
                                       ledger_.Acknowledged(request.submit().request_id(), told);
                                     },
                                 .on_image =
                                     [&](const v1::Artifact& artifact, const std::string&) {
                                       ledger_.Drawn(last, artifact);
                                       return absl::OkStatus();
                                     }});
  if (!job.ok()) return Expect(false, "the demo picture: " + job.status().ToString());
  ledger_.Ended(*job);
  ++demo_pictures_;
}

void Chores::AskForTheImpossible() {
  const auto stranger = Connect("a-token-that-nobody-was-given");
  Expect(absl::IsUnauthenticated(stranger->Submit(Request("models/flow")).status()),
         "a wrong token was not refused");
  const auto client = Connect(settings_.tokens[round_ % settings_.tokens.size()]);
  Expect(absl::IsNotFound(client->Submit(Request("models/none")).status()),
         "a model that does not exist was not refused");
  v1::SubmitJobRequest wrong = Request("models/flow");
  wrong.mutable_spec()->set_width(7);
  Expect(absl::IsInvalidArgument(client->Submit(wrong).status()), "a wrong width was not refused");
  refusals_ += 3;
}

void Chores::ListEverything() {
  const auto client = Connect(settings_.admin_token);
  Expect(client->List({}).ok(), "the jobs cannot be listed");
  Expect(client->ListModels().ok(), "the models cannot be listed");
}

std::unique_ptr<client::Client> Chores::Connect(const std::string& token) const {
  client::ClientOptions options;
  options.address = settings_.address;
  options.token = token;
  return *client::Client::Make(options);
}

void Chores::Expect(bool true_of_it, const std::string& what) {
  if (!true_of_it) ledger_.Violation(what);
}

}  // namespace hanga::bench
