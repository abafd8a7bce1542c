// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-submit-load: durable SubmitJob from many clients against a running hangad, and the empty
// unary call on the same server, the same connections and the same client code beside it.
// Prints one flat JSON object.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

#include "bench/load/unary_load.h"
#include "hanga/v1/generation_service.pb.h"

namespace {

using hanga::bench::UnaryLoad;
using hanga::bench::UnaryLoadResult;

// grpc.health.v1 with an empty request: next to nothing beyond the call itself.
constexpr char kEmptyMethod[] = "/grpc.health.v1.Health/Check";
constexpr char kSubmitMethod[] = "/hanga.v1.GenerationService/SubmitJob";

std::string SubmitRequest(const std::string& model) {
  hanga::v1::SubmitJobRequest request;
  hanga::v1::GenerationSpec& spec = *request.mutable_spec();
  spec.set_model("models/" + model);
  spec.set_prompt("a woodblock print of the sea at sunset with a red sun, a boat");
  spec.set_steps(1);
  spec.set_seed(7);
  spec.set_width(64);
  spec.set_height(64);
  return request.SerializeAsString();
}

void Add(nlohmann::ordered_json& figures, const std::string& name, UnaryLoadResult result) {
  figures[name + "_per_s"] = result.per_second;
  figures[name + "_p50_ms"] = result.latencies.QuantileMs(0.5);
  figures[name + "_p99_ms"] = result.latencies.QuantileMs(0.99);
  figures[name + "_server_cpu_us"] = absl::ToDoubleMicroseconds(result.server_cpu);
  figures[name + "_client_cpu_us"] = absl::ToDoubleMicroseconds(result.client_cpu);
  figures[name + "_calls"] = result.calls;
  figures[name + "_failed"] = result.failed;
  if (result.failed > 0) {
    std::cerr << name << ": " << result.failed << " calls failed, the first with "
              << result.first_error << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  UnaryLoad load;
  std::string model = "noop";
  double seconds = 5;
  CLI::App app("Measures durable SubmitJob against a running hangad.", "hanga-submit-load");
  app.add_option("--address", load.address, "HOST:PORT of hangad")->required();
  app.add_option("--model", model, "model to submit for")->capture_default_str();
  app.add_option("--clients", load.clients, "calls in flight")->capture_default_str();
  app.add_option("--threads", load.threads, "client threads, one connection each")
      ->capture_default_str();
  app.add_option("--server-pid", load.server_pid, "hangad's process on this host, for its costs");
  app.add_option("--seconds", seconds, "of each measurement")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  load.duration = absl::Seconds(seconds);

  nlohmann::ordered_json figures;
  load.method = kEmptyMethod;
  load.request = [] { return std::string(); };
  const UnaryLoadResult empty = RunUnaryLoad(load);
  Add(figures, "empty_call", empty);

  load.method = kSubmitMethod;
  load.request = [request = SubmitRequest(model)] { return request; };
  const UnaryLoadResult submit = RunUnaryLoad(load);
  Add(figures, "submit", submit);

  load.rate = submit.per_second / 2;
  if (load.rate > 0) Add(figures, "submit_at_half_rate", RunUnaryLoad(load));
  std::cout << figures.dump() << std::endl;
  return submit.latencies.count() == 0 ? 1 : 0;
}
