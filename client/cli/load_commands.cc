// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga load, hanga unload.
#include <algorithm>
#include <iostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/json_lines.h"
#include "client/cli/session.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

constexpr char kLoadExamples[] = R"(  hanga load flux-dev
  hanga load flux-dev --worker cuda-1 --no-wait)";

constexpr char kUnloadExamples[] = R"(  hanga unload flux-dev
  hanga unload flux-dev --worker cuda-1)";

constexpr absl::Duration kLook = absl::Milliseconds(500);

struct LoadFlags {
  std::string model, worker;
  bool no_wait = false;
};

std::string WorkerName(const std::string& id) {
  return id.empty() ? "" : ResourceName("workers", id);
}

void Say(const v1::Worker& worker, const std::string& what, bool json) {
  std::cout << (json ? JsonLine("worker", worker)
                     : absl::StrCat(ResourceId(worker.name()), " ", what))
            << std::endl;
}

bool Holds(const v1::Worker& worker, const std::string& model) {
  const auto& loaded = worker.loaded_models();
  return std::find(loaded.begin(), loaded.end(), model) != loaded.end();
}

// Follows the workers that were told until each holds the model. To tell one again changes nothing,
// and fails where it has turned out that it cannot.
absl::StatusOr<ExitCode> Follow(client::Client& client, const std::string& model,
                                std::set<std::string> waiting, bool json) {
  for (;;) {
    const auto workers = client.ListWorkers();
    if (!workers.ok()) return workers.status();
    for (const v1::Worker& worker : *workers) {
      if (!waiting.contains(worker.name())) continue;
      if (Holds(worker, model)) {
        Say(worker, absl::StrCat("holds ", ResourceId(model)), json);
        waiting.erase(worker.name());
      } else if (worker.loading().model() == model) {
        const v1::LoadProgress& loading = worker.loading();
        Say(worker,
            absl::StrCat("loads ", ResourceId(model), ", ", BytesText(loading.bytes()), " of ",
                         BytesText(loading.expected_bytes())),
            json);
      } else if (const auto told = client.Load(model, worker.name()); !told.ok()) {
        return told.status();
      }
    }
    if (waiting.empty()) return kOk;
    absl::SleepFor(kLook);
  }
}

absl::StatusOr<ExitCode> Load(const LoadFlags& flags, const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const std::string model = ResourceName("models", flags.model);
  const auto told = (*client)->Load(model, WorkerName(flags.worker));
  if (!told.ok()) return told.status();
  const std::set<std::string> workers(told->workers().begin(), told->workers().end());
  if (!flags.no_wait) return Follow(**client, model, workers, session.json);
  for (const std::string& worker : workers) std::cout << ResourceId(worker) << '\n';
  return kOk;
}

absl::StatusOr<ExitCode> Unload(const LoadFlags& flags, const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const auto told =
      (*client)->Unload(ResourceName("models", flags.model), WorkerName(flags.worker));
  if (!told.ok()) return told.status();
  if (session.json) {
    std::cout << JsonLine("unload", *told) << '\n';
    return kOk;
  }
  for (const std::string& worker : told->workers()) {
    std::cout << ResourceId(worker) << " gives its memory back once no job uses it\n";
  }
  if (told->workers().empty()) std::cout << "no worker holds " << flags.model << '\n';
  return kOk;
}

}  // namespace

void AddLoadCommands(CLI::App& app, Session& session) {
  const auto add = [&](const char* name, const char* description, const char* examples,
                       auto run) -> std::pair<CLI::App*, std::shared_ptr<LoadFlags>> {
    CLI::App* command = AddCommand(app, name, description, examples);
    auto flags = std::make_shared<LoadFlags>();
    command->add_option("model", flags->model, "name or id of the model")->required();
    command->add_option("--worker", flags->worker, "name or id of one worker; default: all");
    command->callback([flags, run, &session] {
      session.run = [flags, run](Session& session) { return run(*flags, session); };
    });
    return {command, flags};
  };
  const auto [load, flags] =
      add("load", "have workers load a model before a job wants it", kLoadExamples, Load);
  load->add_flag("--no-wait", flags->no_wait, "do not wait until they hold it");
  add("unload", "have workers give a model's memory back", kUnloadExamples, Unload);
}

}  // namespace hanga::cli
