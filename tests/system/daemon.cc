// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/system/daemon.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace hanga::system {

std::string Program(const std::string& name) { return std::string(HANGA_BIN_DIR "/") + name; }

std::string DemoModel() { return HANGA_SOURCE_DIR "/models/demo"; }

std::string NoopModel(const TemporaryFolder& folder, const std::string& name, int step_ms,
                      const std::string& more) {
  folder.Write(
      name + "/model_index.json",
      absl::StrCat("{\"_class_name\": \"HangaNoopPipeline\", \"step_ms\": ", step_ms, more, "}\n"));
  return folder / name;
}

bool Eventually(const std::function<bool()>& condition, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

Daemon::Daemon(DaemonSettings settings, bool wait) : settings_(std::move(settings)) {
  Start();
  if (wait) AwaitModels();
}

Daemon::~Daemon() {
  if (testing::Test::HasFailure()) {
    std::string text = log();
    if (text.size() > 20'000) text = "..." + text.substr(text.size() - 20'000);
    std::cerr << "---- hangad's log\n" << text << "----\n";
  }
  // Ends the workers too, which outlive a daemon that is killed.
  process_->Signal(SIGTERM);
  EXPECT_TRUE(process_->Wait().has_value()) << "hangad did not end";
}

void Daemon::Start() {
  std::string devices;
  for (const std::string& device : settings_.devices) {
    absl::StrAppend(&devices, devices.empty() ? "" : ", ", "\"", device, "\"");
  }
  std::string config =
      absl::StrCat("[server]\nlisten = \"", settings_.listen, "\"\ndata = \"", folder_ / "data",
                   "\"\nport_file = \"", folder_ / "port", "\"\ngrace = \"5s\"\n", settings_.server,
                   "\n[workers]\ndevices = [", devices, "]\nthreads = 1\n", settings_.more, "\n");
  for (const auto& [name, path] : settings_.models) {
    absl::StrAppend(&config, "[[model]]\nname = \"", name, "\"\npath = \"", path, "\"\n");
  }
  folder_.Write("hangad.toml", config);
  process_ = std::make_unique<Process>(
      std::vector<std::string>{Program("hangad"), "--config", this->config()}, folder_ / "hangad");
  std::string port;
  ASSERT_TRUE(Eventually([&] {
    port = ReadFile(folder_ / "port");
    return !process_->running() || (!port.empty() && port.back() == '\n');
  })) << log();
  ASSERT_TRUE(process_->running()) << log();
  address_ = "127.0.0.1:" + port.substr(0, port.size() - 1);
  client::ClientOptions options = settings_.client;
  options.address = address_;
  client_ = *client::Client::Make(options);
}

void Daemon::Restart() {
  ASSERT_TRUE(process_->Wait().has_value());
  settings_.listen = settings_.listen.substr(0, settings_.listen.rfind(':')) +
                     address_.substr(address_.rfind(':'));
  std::remove((folder_ / "port").c_str());
  Start();
}

void Daemon::AwaitModels() {
  if (settings_.devices.empty() || settings_.models.empty()) return;
  EXPECT_TRUE(Eventually([&] {
    const auto models = client_->ListModels();
    return models.ok() && std::all_of(models->begin(), models->end(), [](const v1::Model& model) {
             return model.state() == v1::MODEL_STATE_USABLE ||
                    model.state() == v1::MODEL_STATE_UNUSABLE;
           });
  })) << log();
  for (const std::string& device : settings_.devices) {
    std::string id = device;
    std::replace(id.begin(), id.end(), ':', '-');
    AwaitWorker(id, v1::WORKER_STATE_READY);
  }
}

v1::Worker Daemon::Worker(const std::string& id) {
  const auto workers = client_->ListWorkers();
  if (!workers.ok()) return {};
  for (const v1::Worker& worker : *workers) {
    if (worker.name() == "workers/" + id) return worker;
  }
  return {};
}

void Daemon::AwaitWorker(const std::string& id, v1::WorkerState state) {
  EXPECT_TRUE(Eventually([&] { return Worker(id).state() == state; }))
      << id << " is " << Worker(id).ShortDebugString();
}

v1::SubmitJobRequest PictureRequest(const std::string& model, uint64_t seed, uint32_t steps,
                                    uint32_t images) {
  v1::SubmitJobRequest request;
  v1::GenerationSpec& spec = *request.mutable_spec();
  spec.set_model("models/" + model);
  spec.set_prompt("a lighthouse at dusk");
  spec.set_seed(seed);
  spec.set_steps(steps);
  spec.set_num_images(images);
  spec.set_width(64);
  spec.set_height(64);
  return request;
}

Pictures Draw(client::Client& client, const v1::SubmitJobRequest& submit) {
  v1::GenerateRequest request;
  *request.mutable_submit() = submit;
  Pictures pictures;
  pictures.bytes.resize(std::max(1u, submit.spec().num_images()));
  const auto job =
      client.Generate(request, {.on_image = [&](const v1::Artifact& artifact, std::string bytes) {
                        pictures.bytes.at(artifact.index()) = std::move(bytes);
                        return absl::OkStatus();
                      }});
  EXPECT_TRUE(job.ok()) << job.status();
  if (job.ok()) pictures.job = *job;
  EXPECT_EQ(pictures.job.state(), v1::JOB_STATE_SUCCEEDED) << pictures.job.error().DebugString();
  return pictures;
}

Pictures Fetch(client::Client& client, const std::string& name) {
  Pictures pictures;
  pictures.job = FollowUntil(client, name, [](const v1::Job&) { return false; });
  EXPECT_EQ(pictures.job.state(), v1::JOB_STATE_SUCCEEDED) << pictures.job.error().DebugString();
  for (const v1::Artifact& artifact : pictures.job.artifacts()) {
    std::string& bytes = pictures.bytes.emplace_back();
    const auto downloaded = client.Download(artifact.name(), [&](std::string_view piece) {
      bytes += piece;
      return absl::OkStatus();
    });
    EXPECT_TRUE(downloaded.ok()) << downloaded.status();
  }
  return pictures;
}

const v1::TaskProgress& TaskOf(const v1::Job& job) {
  return job.tasks_size() > 0 ? job.tasks(0) : v1::TaskProgress::default_instance();
}

v1::Job FollowUntil(client::Client& client, const std::string& name,
                    const std::function<bool(const v1::Job&)>& condition) {
  client::Interrupt enough;
  v1::Job last;
  v1::WatchJobRequest request;
  request.set_name(name);
  request.set_max_rate(20);
  const auto job = client.Watch(request,
                                {.on_job =
                                     [&](const v1::Job& job) {
                                       last = job;
                                       if (condition(job)) enough.Trigger();
                                     }},
                                &enough);
  EXPECT_TRUE(job.ok() || enough.triggered()) << job.status();
  return last;
}

}  // namespace hanga::system
