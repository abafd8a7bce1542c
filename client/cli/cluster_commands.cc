// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga models, hanga models NAME, hanga workers, hanga drain, hanga undrain.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/json_lines.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

constexpr char kModelsExamples[] = R"(  hanga models
  hanga models flux-dev
  hanga models --json | jq '.model | {name, state, problem}')";

constexpr char kWorkersExamples[] = R"(  hanga workers
  hanga workers --json | jq -r 'select(.worker.state != "WORKER_STATE_READY") | .worker.problem')";

constexpr char kDrainExamples[] = R"(  hanga drain cuda-0
  hanga drain workers/cuda-0 --grace 10m)";

constexpr char kUndrainExamples[] = "  hanga undrain cuda-0";

// What to say of a thing in one cell: its problem if it has one.
std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string Ids(const google::protobuf::RepeatedPtrField<std::string>& names) {
  return OrDash(absl::StrJoin(names, ",", [](std::string* out, const std::string& name) {
    absl::StrAppend(out, ResourceId(name));
  }));
}

absl::StatusOr<ExitCode> Models(const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const auto models = (*client)->ListModels();
  if (!models.ok()) return models.status();
  Table table({"MODEL", "STATE", "FAMILY", "PARAMETERS", "WEIGHTS", "LOADED ON", "PROBLEM"});
  for (const v1::Model& model : *models) {
    if (session.json) {
      std::cout << JsonLine("model", model) << '\n';
    } else {
      table.Add({ResourceId(model.name()), StateText(model.state()), OrDash(model.family()),
                 CountText(model.parameters()), BytesText(model.weight_bytes()),
                 Ids(model.loaded_on()), model.problem()});
    }
  }
  if (!session.json) table.Print(std::cout);
  return kOk;
}

// One model: where its blocks are, and what its steps take beside what was predicted.
absl::StatusOr<ExitCode> OneModel(const std::string& name, const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const auto model = (*client)->GetModel(ResourceName("models", name));
  if (!model.ok()) return model.status();
  if (session.json) {
    std::cout << JsonLine("model", *model) << '\n';
    return kOk;
  }
  std::cout << ResourceId(model->name()) << ": " << StateText(model->state())
            << (model->problem().empty() ? "" : ", ") << model->problem() << '\n';
  for (const auto& [what, names] :
       {std::pair("loras", &model->loras()), std::pair("embeddings", &model->embeddings())}) {
    if (!names->empty()) std::cout << what << ": " << absl::StrJoin(*names, ", ") << '\n';
  }
  for (const v1::ModelPlacement& placement : model->placements()) {
    std::cout << "\non " << ResourceId(placement.worker()) << ", "
              << BytesText(placement.resident_bytes()) << " of weights on its device\n"
              << placement.table();
    for (const std::string& note : placement.notes()) std::cout << "note: " << note << '\n';
    Table table({"SIZE", "IMAGES", "STEPS", "MEASURED", "PREDICTED", "ERROR"});
    for (const v1::StepTimes& t : placement.step_times()) {
      const bool known = t.predicted_seconds() > 0 && t.measured_seconds() > 0;
      const double error = known ? t.predicted_seconds() / t.measured_seconds() - 1 : 0;
      table.Add({absl::StrCat(t.width(), "x", t.height()), absl::StrCat(t.batch()),
                 absl::StrCat(t.steps()), absl::StrFormat("%.3g s", t.measured_seconds()),
                 known ? absl::StrFormat("%.3g s", t.predicted_seconds()) : "-",
                 known ? absl::StrFormat("%+.1f %%", 100 * error) : "-"});
    }
    if (placement.step_times_size() > 0) table.Print(std::cout);
  }
  return kOk;
}

// "leads 2", "follows cpu-0"; in brackets until the ranks have met.
std::string GroupText(const v1::Worker& worker) {
  const v1::WorkerGroup& group = worker.group();
  if (group.workers_size() == 0) return "-";
  const std::string text = group.rank() == 0
                               ? absl::StrCat("leads ", group.workers_size())
                               : absl::StrCat("follows ", ResourceId(group.workers(0)));
  return group.ready() ? text : absl::StrCat("(", text, ")");
}

void PrintWorkers(const std::vector<v1::Worker>& workers) {
  Table table({"WORKER", "STATE", "DEVICE", "FREE", "RUNNING", "DONE", "FAILED", "RESTARTS", "HOST",
               "GROUP", "NOTE"});
  for (const v1::Worker& worker : workers) {
    table.Add({ResourceId(worker.name()), StateText(worker.state()),
               OrDash(absl::StrCat(worker.device().id(), " ", worker.device().model())),
               BytesText(worker.device().free_bytes()), absl::StrCat(worker.running_size()),
               absl::StrCat(worker.tasks_finished()), absl::StrCat(worker.tasks_failed()),
               absl::StrCat(worker.restarts()), OrDash(worker.host()), GroupText(worker),
               NoteText(worker)});
  }
  table.Print(std::cout);
}

absl::StatusOr<ExitCode> Workers(const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const auto workers = (*client)->ListWorkers();
  if (!workers.ok()) return workers.status();
  if (!session.json) PrintWorkers(*workers);
  for (const v1::Worker& worker : *workers) {
    if (session.json) std::cout << JsonLine("worker", worker) << '\n';
  }
  return kOk;
}

absl::StatusOr<ExitCode> PrintWorker(const absl::StatusOr<v1::Worker>& worker, bool json) {
  if (!worker.ok()) return worker.status();
  std::cout << (json ? JsonLine("worker", *worker)
                     : absl::StrCat(worker->name(), " ", StateText(worker->state())))
            << std::endl;
  return kOk;
}

absl::StatusOr<ExitCode> Drain(const std::string& name, const std::string& grace_text,
                               const Session& session) {
  const auto grace = ParseDuration("--grace", grace_text);
  if (!grace.ok()) return grace.status();
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  return PrintWorker((*client)->Drain(ResourceName("workers", name), *grace), session.json);
}

absl::StatusOr<ExitCode> Undrain(const std::string& name, const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  return PrintWorker((*client)->Undrain(ResourceName("workers", name)), session.json);
}

}  // namespace

void AddClusterCommands(CLI::App& app, Session& session) {
  CLI::App* models =
      AddCommand(app, "models", "list the models that the server offers", kModelsExamples);
  auto model = std::make_shared<std::string>();
  models->add_option("model", *model,
                     "name or id of one: where its blocks are, and its step times");
  models->callback([model, &session] {
    session.run = [model](Session& session) {
      return model->empty() ? Models(session) : OneModel(*model, session);
    };
  });
  AddCommand(app, "workers", "list the workers and what they do", kWorkersExamples)
      ->callback([&session] { session.run = Workers; });

  struct DrainFlags {
    std::string worker, grace = "60s";
  };
  CLI::App* drain = AddCommand(app, "drain", "assign nothing more to a worker", kDrainExamples);
  auto flags = std::make_shared<DrainFlags>();
  drain->add_option("worker", flags->worker, "name or id of the worker")->required();
  drain
      ->add_option("--grace", flags->grace,
                   "how long its tasks may go on before they are saved and moved")
      ->capture_default_str();
  drain->callback([flags, &session] {
    session.run = [flags](Session& session) { return Drain(flags->worker, flags->grace, session); };
  });

  CLI::App* undrain =
      AddCommand(app, "undrain", "take a worker back into service", kUndrainExamples);
  auto worker = std::make_shared<std::string>();
  undrain->add_option("worker", *worker, "name or id of the worker")->required();
  undrain->callback([worker, &session] {
    session.run = [worker](Session& session) { return Undrain(*worker, session); };
  });
}

}  // namespace hanga::cli
