// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "placement/memory_parts.h"
#include "placement/plan.h"
#include "placement/quantities.h"

namespace hanga::placement {
namespace {

constexpr int kWidth = 960, kLeft = 110, kBar = 820, kRow = 30, kStrip = 22;

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text,
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

void Text(int x, int y, const std::string& text, std::string* out) {
  absl::StrAppend(out, "<text x=\"", x, "\" y=\"", y, "\">", Escaped(text), "</text>\n");
}

// A coloured box with a tooltip.
void Box(double x, int y, double width, int height, const char* color, const std::string& title,
         std::string* out) {
  absl::StrAppend(out, absl::StrFormat("<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
                                       "fill=\"%s\"><title>%s</title></rect>\n",
                                       x, y, width, height, color, Escaped(title)));
}

const char* StoreColor(Store store) {
  switch (store) {
    case Store::kResident:
      return "#2f6f9f";
    case Store::kDonor:
      return "#b4a7d6";
    case Store::kPinned:
      return "#e69138";
    case Store::kPageable:
      return "#f1c232";
    case Store::kFile:
      return "#cc4125";
  }
  return "";
}

int DrawMemory(const Plan& plan, int y, std::string* out) {
  uint64_t largest = 1;
  for (const GroupPlan& group : plan.groups) {
    for (const RankPlan& rank : group.ranks) largest = std::max(largest, rank.free_bytes);
  }
  for (const GroupPlan& group : plan.groups) {
    for (const RankPlan& rank : group.ranks) {
      Text(10, y + 15, rank.device, out);
      double x = kLeft;
      for (const MemoryPart& part : MemoryParts(rank)) {
        if (part.bytes == 0) continue;
        const double width = static_cast<double>(part.bytes) / largest * kBar;
        Box(x, y, width, kStrip, part.color, absl::StrCat(part.name, " ", FormatBytes(part.bytes)),
            out);
        x += width;
      }
      y += kRow;
    }
  }
  return y;
}

// The denoiser's blocks, as wide as their weights; the rank is under each.
int DrawBlocks(const GroupPlan& group, int y, std::string* out) {
  double total = 0;
  for (const BlockPlacement& block : group.blocks) {
    if (block.phase == Phase::kDenoiser) total += static_cast<double>(block.run_bytes) + 1;
  }
  double x = kLeft;
  Text(10, y + 15, "blocks", out);
  for (const BlockPlacement& block : group.blocks) {
    if (block.phase != Phase::kDenoiser) continue;
    const double width = (static_cast<double>(block.run_bytes) + 1) / total * kBar;
    Box(x, y, std::max(0.5, width - 0.5), kStrip, StoreColor(block.store),
        absl::StrCat(block.block, ": ", FormatBytes(block.run_bytes), " ",
                     std::string(StoreName(block.store)), " on ", block.keeper, ", runs on ",
                     group.ranks[block.rank].device),
        out);
    x += width;
  }
  return y + kRow;
}

int DrawLegend(int y, std::string* out) {
  int x = kLeft;
  for (const MemoryPart& part : MemoryParts(RankPlan{})) {
    Box(x, y, 12, 12, part.color, part.name, out);
    Text(x + 16, y + 11, part.name, out);
    x += 40 + 7 * static_cast<int>(std::string(part.name).size());
  }
  return y + kRow;
}

}  // namespace

std::string RenderPlanSvg(const Plan& plan) {
  std::string body;
  int y = 24;
  Text(10, y,
       absl::StrCat(plan.model, " ", plan.width, "x", plan.height, " on ", plan.topology, ": ",
                    std::string(ModeName(plan.mode))),
       &body);
  const Prediction& p = plan.groups.front().prediction;
  y += 20;
  Text(10, y,
       absl::StrCat("step ", FormatSeconds(p.step_seconds), ", image ",
                    FormatSeconds(plan.image_seconds), ", ",
                    absl::StrFormat("%.3g images/s", plan.images_per_second), "; limited by ",
                    std::string(LimitName(p.limit)), ": ", p.limited_by),
       &body);
  y = DrawMemory(plan, y + 16, &body);
  for (const GroupPlan& group : plan.groups) y = DrawBlocks(group, y, &body);
  y = DrawLegend(y + 4, &body);
  return absl::StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", kWidth, "\" height=\"",
                      y,
                      "\" font-family=\"sans-serif\" font-size=\"12\">\n"
                      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                      body, "</svg>\n");
}

}  // namespace hanga::placement
