// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-overhead: what the server adds to a worker's own time. Needs a hangad with an idle worker
// and a model without weights, whose own time is next to nothing. Prints one flat JSON object.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

#include "absl/time/clock.h"
#include "bench/load/latencies.h"
#include "client/client.h"

namespace {

using hanga::bench::Latencies;

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

struct Measured {
  Latencies submit_to_start;  // from the call to the assignment; client and server share a clock
  Latencies start_to_end;     // assignment to the published result, the worker's own time included
  Latencies generate;         // the whole call, to the last byte of the picture
};

absl::Status MeasureOnce(hanga::client::Client& client, const hanga::v1::GenerateRequest& request,
                         Measured& measured) {
  const absl::Time begun = absl::Now();
  const auto job = client.Generate(request, {});
  const absl::Time ended = absl::Now();
  if (!job.ok()) return job.status();
  if (job->state() != hanga::v1::JOB_STATE_SUCCEEDED) {
    return absl::InternalError(job->error().message());
  }
  measured.submit_to_start.Add(ToTime(job->start_time()) - begun);
  measured.start_to_end.Add(ToTime(job->end_time()) - ToTime(job->start_time()));
  measured.generate.Add(ended - begun);
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  hanga::client::ClientOptions options;
  std::string model = "noop";
  int jobs = 500;
  CLI::App app("Measures what hangad adds to a worker's own time.", "hanga-overhead");
  app.add_option("--address", options.address, "HOST:PORT of hangad")->required();
  app.add_option("--model", model, "model without weights")->capture_default_str();
  app.add_option("--jobs", jobs, "jobs, one after the other")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const auto client = hanga::client::Client::Make(options);
  if (!client.ok()) {
    std::cerr << client.status().message() << std::endl;
    return 1;
  }
  hanga::v1::GenerateRequest request;
  hanga::v1::GenerationSpec& spec = *request.mutable_submit()->mutable_spec();
  spec.set_model("models/" + model);
  spec.set_prompt("a boat");
  spec.set_steps(1);
  spec.set_width(64);
  spec.set_height(64);

  constexpr int kWarmUp = 20;  // the model's load, connections, caches
  Measured measured;
  for (int i = 0; i < kWarmUp + jobs; ++i) {
    if (i == kWarmUp) measured = {};
    spec.set_seed(i);
    if (absl::Status status = MeasureOnce(**client, request, measured); !status.ok()) {
      std::cerr << status.message() << std::endl;
      return 1;
    }
  }
  nlohmann::ordered_json figures;
  for (auto [name, latencies] : {std::pair{"submit_to_start", &measured.submit_to_start},
                                 {"start_to_end", &measured.start_to_end},
                                 {"generate", &measured.generate}}) {
    figures[std::string(name) + "_p50_ms"] = latencies->QuantileMs(0.5);
    figures[std::string(name) + "_p99_ms"] = latencies->QuantileMs(0.99);
  }
  std::cout << figures.dump() << std::endl;
  return 0;
}
