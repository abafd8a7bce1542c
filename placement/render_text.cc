// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "placement/memory_parts.h"
#include "placement/plan.h"
#include "placement/quantities.h"

namespace hanga::placement {
namespace {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two spaces apart; the first is left-aligned.
void AppendTable(const std::vector<Row>& rows, std::string* out) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  for (const Row& row : rows) {
    std::string line = "  ";
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string pad(widths[c] - row[c].size(), ' ');
      absl::StrAppend(&line, c == 0 ? row[c] + pad : pad + row[c], "  ");
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    absl::StrAppend(out, line, "\n");
  }
}

std::string Percent(double share) { return absl::StrFormat("%.0f %%", 100 * share); }

std::string Rate(double images_per_second) {
  if (images_per_second >= 1) return absl::StrFormat("%.2f images/s", images_per_second);
  return absl::StrFormat("%.2f images/min", 60 * images_per_second);
}

void AppendHeader(const Plan& plan, std::string* out) {
  const Prediction& p = plan.groups.front().prediction;
  absl::StrAppend(out, plan.model, " ", plan.width, "x", plan.height, ", ", plan.steps,
                  " steps on ", plan.topology, ": ", std::string(ModeName(plan.mode)));
  if (plan.groups.size() > 1) absl::StrAppend(out, ", ", plan.groups.size(), " groups");
  absl::StrAppend(out, "\n  ", Rate(plan.images_per_second), "; one image ",
                  FormatSeconds(plan.image_seconds), ": encode ", FormatSeconds(p.encode_seconds),
                  ", step ", FormatSeconds(p.step_seconds), " (first ",
                  FormatSeconds(p.first_step_seconds), ", cold ",
                  FormatSeconds(p.cold_step_seconds), "), decode ", FormatSeconds(p.decode_seconds),
                  "\n  limited by ", std::string(LimitName(p.limit)), ": ", p.limited_by, "\n\n");
}

int CountBlocks(const GroupPlan& group, int rank, bool resident) {
  return static_cast<int>(
      std::count_if(group.blocks.begin(), group.blocks.end(), [&](const BlockPlacement& block) {
        return block.phase == Phase::kDenoiser && block.rank == rank &&
               (block.store == Store::kResident) == resident;
      }));
}

void AppendDevices(const Plan& plan, std::string* out) {
  std::vector<Row> rows = {{"device", "resident", "kept", "lent", "ring", "streams/step",
                            "computes/step", "peak", "of free"}};
  for (const GroupPlan& group : plan.groups) {
    for (size_t r = 0; r < group.ranks.size(); ++r) {
      const RankPlan& rank = group.ranks[r];
      const int same = group.mode == Mode::kParallel ? 0 : static_cast<int>(r);
      const std::string streams = rank.streamed_bytes == 0
                                      ? "-"
                                      : absl::StrCat(CountBlocks(group, same, false), " bl ",
                                                     FormatBytes(rank.streamed_bytes));
      rows.push_back(
          {rank.device,
           absl::StrCat(CountBlocks(group, same, true), " bl ", FormatBytes(rank.resident_bytes)),
           rank.kept_bytes == 0 ? "-" : FormatBytes(rank.kept_bytes),
           rank.lent_bytes == 0 ? "-" : FormatBytes(rank.lent_bytes),
           rank.ring_slots == 0
               ? "-"
               : absl::StrCat(rank.ring_slots, " x ", FormatBytes(rank.slot_bytes)),
           streams, rank.compute_seconds == 0 ? "-" : FormatSeconds(rank.compute_seconds),
           FormatBytes(rank.peak_bytes), FormatBytes(rank.free_bytes)});
    }
  }
  AppendTable(rows, out);
}

// A bar for each device: one letter for each share of what is free.
void AppendBars(const Plan& plan, int columns, std::string* out) {
  size_t name_width = 0;
  for (const GroupPlan& group : plan.groups) {
    for (const RankPlan& rank : group.ranks) name_width = std::max(name_width, rank.device.size());
  }
  const int width = std::clamp(columns - static_cast<int>(name_width) - 6, 10, 120);
  absl::StrAppend(out, "\n");
  for (const GroupPlan& group : plan.groups) {
    for (const RankPlan& rank : group.ranks) {
      std::string bar;
      double until = 0;
      for (const MemoryPart& part : MemoryParts(rank)) {
        until += static_cast<double>(part.bytes);
        const double share = rank.free_bytes > 0 ? until / rank.free_bytes : 0;
        const auto cells = static_cast<size_t>(std::lround(std::min(1.0, share) * width));
        if (cells > bar.size()) bar.append(cells - bar.size(), part.letter);
      }
      bar.resize(width, '.');
      absl::StrAppend(out, "  ", rank.device, std::string(name_width - rank.device.size(), ' '),
                      " |", bar, "|\n");
    }
  }
  absl::StrAppend(
      out, "  # resident  k kept  l lent  = ring  a activations, workspace  . unused  r reserve\n");
}

char BlockLetter(Store store) {
  switch (store) {
    case Store::kResident:
      return '#';
    case Store::kDonor:
      return 'd';
    case Store::kPinned:
      return 's';
    case Store::kPageable:
      return 'p';
    case Store::kFile:
      return 'f';
  }
  return '?';
}

// The denoiser's blocks in order, ranks apart.
void AppendStrip(const GroupPlan& group, int columns, std::string* out) {
  std::string strip;
  int rank = 0;
  for (const BlockPlacement& block : group.blocks) {
    if (block.phase != Phase::kDenoiser) continue;
    if (block.rank != rank) strip += '|';
    rank = block.rank;
    strip += BlockLetter(block.store);
  }
  absl::StrAppend(out, "\n  blocks of ", group.ranks.front().device,
                  group.ranks.size() > 1 ? " and its group" : "",
                  " (# resident, streamed from: s pinned, p pageable, d donor, f file)\n");
  const size_t width = std::max(10, columns - 4);
  for (size_t at = 0; at < strip.size(); at += width) {
    absl::StrAppend(out, "  ", strip.substr(at, width), "\n");
  }
}

void AppendGroup(const GroupPlan& group, std::string* out) {
  if (!group.links.empty()) {
    std::vector<Row> rows = {{"link", "bytes/step", "rate", "busy"}};
    for (const LinkLoad& link : group.links) {
      rows.push_back({absl::StrCat(link.from, " -> ", link.to), FormatBytes(link.bytes_per_step),
                      FormatBandwidth(link.bytes_per_second), Percent(link.busy)});
    }
    absl::StrAppend(out, "\n");
    AppendTable(rows, out);
  }
  if (group.components.empty()) return;
  std::vector<Row> rows = {{"component", "device", "weights", "when", "evicts", "one use"}};
  for (const ComponentPlan& c : group.components) {
    const char* when = c.kept                           ? "kept"
                       : c.phase == Phase::kTextEncoder ? "streamed before"
                                                        : "streamed after";
    rows.push_back({c.component, c.device, FormatBytes(c.bytes), when,
                    c.evicted_bytes == 0 ? "-" : FormatBytes(c.evicted_bytes),
                    FormatSeconds(c.seconds)});
  }
  absl::StrAppend(out, "\n");
  AppendTable(rows, out);
}

void AppendChoices(const Plan& plan, std::string* out) {
  if (plan.alternatives.size() > 1) {
    std::vector<Row> rows = {{"considered", "rate", "one image"}};
    for (const Alternative& a : plan.alternatives) {
      rows.push_back({a.name, a.fits ? Rate(a.images_per_second) : a.why_not,
                      a.fits ? FormatSeconds(a.image_seconds) : "-"});
    }
    absl::StrAppend(out, "\n");
    AppendTable(rows, out);
  }
  if (!plan.what_ifs.empty()) {
    std::vector<Row> rows = {{"with", "step", "rate"}};
    for (const WhatIf& w : plan.what_ifs) {
      rows.push_back({w.change, FormatSeconds(w.step_seconds), Rate(w.images_per_second)});
    }
    absl::StrAppend(out, "\n");
    AppendTable(rows, out);
  }
  if (!plan.notes.empty()) absl::StrAppend(out, "\n");
  for (const std::string& note : plan.notes) absl::StrAppend(out, "  note: ", note, "\n");
}

}  // namespace

std::string RenderPlanText(const Plan& plan, int columns) {
  std::string out;
  AppendHeader(plan, &out);
  AppendDevices(plan, &out);
  AppendBars(plan, columns, &out);
  AppendStrip(plan.groups.front(), columns, &out);
  AppendGroup(plan.groups.front(), &out);
  if (plan.pinned_host_bytes + plan.pageable_host_bytes > 0) {
    absl::StrAppend(&out, "\n  host memory: ", FormatBytes(plan.pinned_host_bytes), " pinned, ",
                    FormatBytes(plan.pageable_host_bytes), " pageable\n");
  }
  AppendChoices(plan, &out);
  return out;
}

}  // namespace hanga::placement
