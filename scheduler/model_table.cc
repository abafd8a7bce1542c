// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/model_table.h"

#include <algorithm>
#include <utility>

namespace hanga {
namespace {

constexpr double kGuessedLoadSeconds = 10;

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + 1e-9 * duration.nanos();
}

}  // namespace

void ModelTable::Set(std::vector<ModelOptions> models) {
  for (Entry& entry : entries_) entry.offered = false;
  for (ModelOptions& options : models) {
    Entry& entry = entries_[Intern(options.deployment.name())];
    if (options.deployment.revision() != entry.options.deployment.revision()) {
      entry.facts.Clear();
      entry.reports.clear();
    }
    entry.options = std::move(options);
    entry.offered = true;
    entry.view.reset();
  }
}

std::optional<uint32_t> ModelTable::Find(absl::string_view name) const {
  const auto it = index_.find(std::string(name));
  if (it == index_.end() || !entries_[it->second].offered) return std::nullopt;
  return it->second;
}

uint32_t ModelTable::Intern(const std::string& name) {
  const auto [it, inserted] = index_.try_emplace(name, static_cast<uint32_t>(entries_.size()));
  if (inserted) entries_.emplace_back().name = name;
  return it->second;
}

uint32_t ModelTable::group_size(uint32_t index) const {
  return std::max(1U, entries_[index].options.deployment.group_size());
}

uint32_t ModelTable::largest_group() const {
  uint32_t largest = 1;
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].offered) largest = std::max(largest, group_size(i));
  }
  return largest;
}

std::vector<v1::ModelDeployment> ModelTable::deployments() const {
  std::vector<v1::ModelDeployment> deployments;
  for (const Entry& entry : entries_) {
    if (entry.offered) deployments.push_back(entry.options.deployment);
  }
  return deployments;
}

bool ModelTable::Report(uint32_t index, const std::string& worker, v1::ModelReport report) {
  Entry& entry = entries_[index];
  if (!entry.offered || report.revision() != entry.options.deployment.revision()) return false;
  if (report.model().state() == v1::MODEL_STATE_USABLE) {
    entry.facts = report.model();
    entry.facts.set_name(entry.name);
    entry.facts.clear_loaded_on();
    entry.facts.mutable_defaults()->MergeFrom(entry.options.defaults);
  }
  entry.reports[worker] = std::move(report);
  entry.view.reset();
  return true;
}

void ModelTable::ForgetWorker(const std::string& worker) {
  for (Entry& entry : entries_) {
    entry.reports.erase(worker);
    entry.view.reset();
  }
}

std::shared_ptr<const v1::Model> ModelTable::View(uint32_t index) const {
  auto& view = entries_[index].view;
  if (view == nullptr) view = std::make_shared<const v1::Model>(Describe(index));
  return view;
}

v1::Model ModelTable::Describe(uint32_t index) const {
  const Entry& entry = entries_[index];
  v1::Model model = entry.facts;
  model.set_name(entry.name);
  bool usable = false;
  std::string problem;
  for (const auto& [worker, report] : entry.reports) {
    usable |= report.model().state() == v1::MODEL_STATE_USABLE;
    if (report.model().state() == v1::MODEL_STATE_UNUSABLE) problem = report.model().problem();
    if (report.loaded()) model.add_loaded_on("workers/" + worker);
  }
  // What was examined once stays known while its workers are away.
  usable |= problem.empty() && entry.facts.has_limits();
  model.set_state(usable             ? v1::MODEL_STATE_USABLE
                  : !problem.empty() ? v1::MODEL_STATE_UNUSABLE
                                     : v1::MODEL_STATE_UNKNOWN);
  model.set_problem(usable ? "" : problem);
  return model;
}

void ModelTable::AddPlacements(uint32_t index, v1::Model* model) const {
  for (const auto& [worker, report] : entries_[index].reports) {
    if (!report.loaded() || !report.has_placement()) continue;
    v1::ModelPlacement& placement = *model->add_placements();
    placement = report.placement();
    placement.set_worker("workers/" + worker);
  }
}

bool ModelTable::UsableOn(uint32_t index, const std::string& worker) const {
  const auto& reports = entries_[index].reports;
  const auto it = reports.find(worker);
  return entries_[index].offered && it != reports.end() &&
         it->second.model().state() == v1::MODEL_STATE_USABLE;
}

bool ModelTable::AnyUsableOn(const std::string& worker) const {
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    if (UsableOn(i, worker)) return true;
  }
  return false;
}

const v1::ModelReport* ModelTable::ReportOf(uint32_t index, const std::string& worker) const {
  const auto it = entries_[index].reports.find(worker);
  return it == entries_[index].reports.end() ? nullptr : &it->second;
}

bool ModelTable::LoadedOn(uint32_t index, const std::string& worker) const {
  const auto it = entries_[index].reports.find(worker);
  return it != entries_[index].reports.end() && it->second.loaded();
}

std::string ModelTable::ProblemOn(uint32_t index, const std::string& worker) const {
  const auto it = entries_[index].reports.find(worker);
  if (it == entries_[index].reports.end()) return {};
  const v1::Model& model = it->second.model();
  if (model.state() != v1::MODEL_STATE_UNUSABLE) return {};
  return model.problem().empty() ? "it cannot be used" : model.problem();
}

double ModelTable::load_seconds(uint32_t index) const {
  double longest = 0;
  for (const auto& [worker, report] : entries_[index].reports) {
    if (report.has_load_time()) longest = std::max(longest, Seconds(report.load_time()));
  }
  return longest > 0 ? longest : kGuessedLoadSeconds;
}

void ModelTable::ObserveStep(uint32_t index, double seconds_per_work) {
  double& mean = entries_[index].seconds_per_work;
  mean = mean == kGuess ? seconds_per_work : 0.9 * mean + 0.1 * seconds_per_work;
}

}  // namespace hanga
