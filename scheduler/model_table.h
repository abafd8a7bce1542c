// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What is offered, and what the workers say of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "scheduler/options.h"

namespace hanga {

// Not thread-safe: under the scheduler's lock. An index stays a model's for as long as the table
// lives, also when the model is removed and comes back.
class ModelTable {
 public:
  void Set(std::vector<ModelOptions> models);

  std::optional<uint32_t> Find(absl::string_view name) const;  // offered now
  uint32_t Intern(const std::string& name);                    // offered or not
  bool offered(uint32_t index) const { return entries_[index].offered; }
  const std::string& name(uint32_t index) const { return entries_[index].name; }
  const std::string& revision(uint32_t index) const {
    return entries_[index].options.deployment.revision();
  }
  uint32_t max_running(uint32_t index) const { return entries_[index].options.max_running; }
  // Workers that run it together; 1: each has it alone.
  uint32_t group_size(uint32_t index) const;
  uint32_t largest_group() const;  // of the offered ones
  size_t size() const { return entries_.size(); }
  std::vector<v1::ModelDeployment> deployments() const;

  // A report of another revision than the deployment's is ignored: it is of files that are not
  // meant any more. False then.
  bool Report(uint32_t index, const std::string& worker, v1::ModelReport report);
  void ForgetWorker(const std::string& worker);

  // Merged over the workers: usable where one can use it, unusable where all that answered cannot.
  std::shared_ptr<const v1::Model> View(uint32_t index) const;
  // How it is placed on each worker that has it loaded: too much for lists and checks.
  void AddPlacements(uint32_t index, v1::Model* model) const;
  const v1::Model& facts(uint32_t index) const { return entries_[index].facts; }
  bool UsableOn(uint32_t index, const std::string& worker) const;
  bool AnyUsableOn(const std::string& worker) const;
  bool LoadedOn(uint32_t index, const std::string& worker) const;
  const v1::ModelReport* ReportOf(uint32_t index, const std::string& worker) const;  // or null
  // Why the worker cannot use it; empty if it can or has not said.
  std::string ProblemOn(uint32_t index, const std::string& worker) const;

  // Measured, or a guess before.
  double load_seconds(uint32_t index) const;
  double seconds_per_work(uint32_t index) const { return entries_[index].seconds_per_work; }
  bool measured(uint32_t index) const { return entries_[index].seconds_per_work != kGuess; }
  void ObserveStep(uint32_t index, double seconds_per_work);

 private:
  v1::Model Describe(uint32_t index) const;

  static constexpr double kGuess = 1e-6;  // 20 steps of a megapixel in 20 s

  struct Entry {
    std::string name;
    ModelOptions options;
    bool offered = false;
    v1::Model facts;                                 // of the last report that found it usable
    std::map<std::string, v1::ModelReport> reports;  // by worker
    double seconds_per_work = kGuess;
    mutable std::shared_ptr<const v1::Model> view;  // made when asked for, dropped by a report
  };
  std::vector<Entry> entries_;
  std::map<std::string, uint32_t, std::less<>> index_;
};

}  // namespace hanga
