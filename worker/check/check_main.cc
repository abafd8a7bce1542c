// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/check/check_main.h"

#include <ATen/Context.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/check/case_kinds.h"
#include "worker/check/golden_case.h"
#include "worker/check/report.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/pipelines/torch_options.h"

namespace hanga {
namespace {

constexpr int kBadUsage = 2;

void CheckCase(const std::string& folder, const std::string& models, at::Device device,
               Report* report) {
  const absl::StatusOr<GoldenCase> golden = ReadCase(folder, models);
  if (!golden.ok()) {
    report->Add(folder, "", "").failure = golden.status();
    return;
  }
  const CaseKind check = FindCaseKind(golden->name);
  if (check == nullptr) {
    report->Add(golden->name, "", "").unknown = "this kind of case is not known";
    return;
  }
  absl::Status status;
  try {
    status = RunGuarded(golden->name, [&] { check(*golden, device, report); });
  } catch (const nlohmann::json::exception& e) {
    status = absl::InvalidArgumentError(e.what());
  }
  if (!status.ok()) report->Add(golden->name, "", "").failure = status;
}

}  // namespace

int CheckMain(int argc, char** argv) {
  CLI::App app("Runs golden cases and prints each quantity's error against its tolerance.",
               "check");
  std::vector<std::string> folders;
  std::string device_name = "cpu", models;
  bool json = false, strict = false;
  app.add_option("DIR", folders, "A golden case, or a folder of cases")->required();
  app.add_option("--device", device_name, "cpu or cuda:N")->capture_default_str();
  app.add_option("--models", models, "Another folder of models, for those that a set lacks");
  app.add_flag("--json", json, "Print the results as JSON");
  app.add_flag("--strict", strict, "Count kinds of cases that are not known as failed");
  CLI11_PARSE(app, argc, argv);

  const absl::StatusOr<at::Device> device = ParseDevice(device_name);
  if (!device.ok()) {
    std::cerr << device.status().message() << "\n";
    return kBadUsage;
  }
  // Tolerances are those of float32 arithmetic.
  at::globalContext().setAllowTF32CuDNN(false);
  Report report;
  for (const std::string& folder : folders) {
    const absl::StatusOr<std::vector<std::string>> cases = FindCases(folder);
    if (!cases.ok()) {
      std::cerr << cases.status().message() << "\n";
      return kBadUsage;
    }
    for (const std::string& golden : *cases) CheckCase(golden, models, *device, &report);
  }
  std::cout << (json ? report.Json(strict) : report.Text(strict));
  return report.Count(Outcome::kFailed, strict) == 0 ? 0 : 1;
}

}  // namespace hanga
