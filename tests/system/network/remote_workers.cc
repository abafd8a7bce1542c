// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/system/network/remote_workers.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace hanga::system {
namespace {

constexpr char kWorkerToken[] = "the-workers-token-of-many-characters";
constexpr char kAdminToken[] = "an-admin-token-of-many-characters";
constexpr int kStepMs = 50;

// The host that this process has moved to: the scheduler's.
const absl::StatusOr<Host>& Home() {
  static const auto* const home = new absl::StatusOr<Host>(Host::Move());
  return *home;
}

std::string Ip(size_t box, int host) { return absl::StrCat("10.77.", box + 1, ".", host); }

}  // namespace

absl::Status RemoteWorkers::Possible() {
  if (!Home().ok()) return Home().status();
  const auto other = Host::Make();
  if (!other.ok()) return other.status();
  return Wire::Join(*Home(), "10.78.1.1", *other, "10.78.1.2").status();
}

RemoteWorkers::RemoteWorkers(const std::string& workers) : boxes_(2) {
  for (size_t i = 0; i < boxes_.size(); ++i) {
    auto host = Host::Make();
    EXPECT_TRUE(host.ok()) << host.status();
    auto wire = Wire::Join(*Home(), Ip(i, 1), *host, Ip(i, 2));
    EXPECT_TRUE(wire.ok()) << wire.status();
    boxes_[i] = {*std::move(host), *std::move(wire), Ip(i, 1), nullptr};
  }
  WritePapers();
  DaemonSettings settings{
      .devices = {},
      .models = {{"noop", NoopModel(folder_, "noop", kStepMs)}},
      .more = workers,
      .listen = "0.0.0.0:0",
      .server =
          absl::StrCat("token_file = \"", folder_ / "tokens", "\"\n[server.tls]\n",
                       "certificate = \"", folder_ / "server.pem", "\"\nkey = \"",
                       folder_ / "server.key", "\"\nclient_ca = \"", folder_ / "ca.pem", "\"\n")};
  settings.client.token = kAdminToken;
  settings.client.ca_pem = ReadFile(folder_ / "ca.pem");
  settings.client.certificate_pem = ReadFile(folder_ / "worker.pem");
  settings.client.key_pem = ReadFile(folder_ / "worker.key");
  daemon_ = std::make_unique<Daemon>(std::move(settings));
}

void RemoteWorkers::WritePapers() {
  const Certified ca = MakeCertificate("authority", nullptr);
  const Certified server =
      MakeCertificate(absl::StrCat("127.0.0.1,", Ip(0, 1), ",", Ip(1, 1)), &ca);
  const Certified worker = MakeCertificate("worker", &ca);
  const Certified stranger = MakeCertificate("authority", nullptr);
  for (const auto& [name, text] : {std::pair{"ca.pem", ca.certificate},
                                   {"server.pem", server.certificate},
                                   {"server.key", server.key},
                                   {"worker.pem", worker.certificate},
                                   {"worker.key", worker.key},
                                   {"stranger.pem", stranger.certificate}}) {
    folder_.Write(name, text);
  }
  std::string lines;
  for (const auto& [token, rest] :
       {std::pair{kWorkerToken, "worker farm"}, {kAdminToken, "admin ops"}}) {
    const Finished hash = RunToEnd(
        {"/bin/sh", "-c", absl::StrCat("printf %s ", token, " | sha256sum")}, folder_ / "hash");
    absl::StrAppend(&lines, hash.out.substr(0, 64), " ", rest, "\n");
  }
  folder_.Write("tokens", lines);
  folder_.Write("worker.token", kWorkerToken);
  folder_.Write("stranger.token", "a-token-that-nobody-was-given");
}

Papers RemoteWorkers::GoodPapers() const {
  return {.token = folder_ / "worker.token",
          .ca = folder_ / "ca.pem",
          .certificate = folder_ / "worker.pem",
          .key = folder_ / "worker.key"};
}

size_t RemoteWorkers::BoxOf(const std::string& worker) { return worker == "workers/box-1" ? 0 : 1; }

void RemoteWorkers::Start(size_t box, const Papers& papers, const std::string& id) {
  const std::string& address = daemon_->address();
  std::vector<std::string> command = {Program("hanga-noop-worker"), "--scheduler",
                                      boxes_[box].scheduler_ip + address.substr(address.rfind(':')),
                                      "--id", id};
  for (const auto& [option, file] : {std::pair{"--token-file", papers.token},
                                     {"--tls-ca", papers.ca},
                                     {"--tls-cert", papers.certificate},
                                     {"--tls-key", papers.key}}) {
    if (!file.empty()) command.insert(command.end(), {option, file});
  }
  const absl::Status started = boxes_[box].host->On([&] {
    boxes_[box].worker =
        std::make_unique<Process>(command, folder_ / absl::StrCat("worker-", ++started_));
    return absl::OkStatus();
  });
  EXPECT_TRUE(started.ok()) << started;
}

void RemoteWorkers::StartBoth() {
  for (size_t i = 0; i < boxes_.size(); ++i) Start(i, GoodPapers(), Id(i));
  for (size_t i = 0; i < boxes_.size(); ++i) daemon_->AwaitWorker(Id(i), v1::WORKER_STATE_READY);
  EXPECT_TRUE(Eventually([&] {
    const auto model = daemon_->client().GetModel("models/noop");
    return model.ok() && model->state() == v1::MODEL_STATE_USABLE;
  }));
}

}  // namespace hanga::system
