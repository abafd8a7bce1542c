// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Where every block of a model lives and runs, and what that is predicted to cost. A plan is made
// by MakePlan (planner.h), carried as JSON (docs/formats/plan.md) and shown by the renderers below.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "placement/profile.h"

namespace hanga::placement {

// Where a block's weights are kept between uses.
enum class Store {
  kResident,  // memory of the device that runs it
  kDonor,     // memory of another device, over a peer link
  kPinned,    // page-locked host memory
  kPageable,  // host memory beyond the pinned limit, through a staging buffer
  kFile,      // the weight file, read ahead
};

enum class Mode { kReplicate, kStream, kHandOver, kParallel };  // stream and hand-over are "split"

struct BlockPlacement {
  std::string block;
  std::string component;
  Phase phase = Phase::kDenoiser;
  int rank = 0;  // of the group: who runs it; in a parallel group every rank does
  Store store = Store::kResident;
  std::string keeper;  // "cuda:1", "cpu", "file"
  uint64_t stored_bytes = 0, run_bytes = 0;
  double compute_seconds = 0;  // one pass
  double copy_seconds = 0;     // 0 when resident
};

struct RankPlan {
  std::string device;
  uint64_t free_bytes = 0;
  uint64_t reserve_bytes = 0;    // of free_bytes, left alone
  uint64_t workspace_bytes = 0;  // of the libraries
  uint64_t resident_bytes = 0;   // denoiser blocks that stay
  uint64_t kept_bytes = 0;       // text encoders and VAE that stay
  uint64_t lent_bytes = 0;       // blocks kept for other ranks
  int ring_slots = 0;            // 0: nothing is streamed to this rank
  uint64_t slot_bytes = 0;
  uint64_t activation_bytes = 0;  // of the denoiser
  uint64_t peak_bytes = 0;        // the largest phase; with the reserve never above free_bytes
  double compute_seconds = 0;     // busy, one step of one image
  uint64_t streamed_bytes = 0;    // into it, one step
};

struct LinkLoad {
  std::string from, to;         // "cpu", "file" or a device
  uint64_t bytes_per_step = 0;  // weights, activations and exchanges
  double bytes_per_second = 0;  // what the link gives
  double busy = 0;              // share of a step
};

// A text encoder or VAE: when its weights come and go.
struct ComponentPlan {
  std::string component;
  Phase phase = Phase::kTextEncoder;
  std::string device;
  bool kept = true;            // false: streamed through the ring before or after the denoiser
  uint64_t bytes = 0;          // stored
  uint64_t evicted_bytes = 0;  // denoiser blocks that make room while it runs, and come back
  double seconds = 0;          // one use, evictions included
};

enum class Limit { kCompute, kLink, kMemory };

struct Prediction {
  double step_seconds = 0;        // of one image, steady
  double first_step_seconds = 0;  // the ring still empty
  double cold_step_seconds = 0;   // the first step with all weights still in host memory or files
  double encode_seconds = 0, decode_seconds = 0;
  double image_seconds = 0;      // latency of one image alone
  double images_per_second = 0;  // with work waiting
  Limit limit = Limit::kCompute;
  std::string limited_by;  // "cuda:0", "cpu -> cuda:0", "ring of cuda:0"
};

// Devices that work on the same images. A replicate plan has a group for each device.
struct GroupPlan {
  Mode mode = Mode::kReplicate;
  std::vector<RankPlan> ranks;
  std::vector<BlockPlacement> blocks;
  std::vector<ComponentPlan> components;
  std::vector<LinkLoad> links;
  Prediction prediction;
};

// What an allocation asked for and what whole blocks made of it.
struct QuotaReport {
  std::string item, device;
  uint64_t requested_bytes = 0, granted_bytes = 0;
};

// A mode that was considered.
struct Alternative {
  std::string name;  // "replicate", "stream", "hand-over x4", "parallel x2"
  bool fits = false;
  double images_per_second = 0, image_seconds = 0;
  std::string why_not;  // when it does not fit
};

// The outcome of planning again on a changed machine or model.
struct WhatIf {
  std::string change;
  bool fits = false;
  double step_seconds = 0, images_per_second = 0;
};

struct Plan {
  std::string model;
  std::string topology;
  int width = 0, height = 0, steps = 0;
  Mode mode = Mode::kReplicate;
  std::vector<GroupPlan> groups;
  double images_per_second = 0;                             // all groups
  double image_seconds = 0;                                 // the slowest group
  uint64_t pinned_host_bytes = 0, pageable_host_bytes = 0;  // all groups
  std::vector<QuotaReport> quotas;
  std::vector<Alternative> alternatives;
  std::vector<WhatIf> what_ifs;
  std::vector<std::string> notes;  // sentences: rounding, evictions, what an expression cost
};

std::string_view ModeName(Mode mode);
std::string_view StoreName(Store store);
std::string_view LimitName(Limit limit);

// A plan has one JSON form; parsing is strict about types and names.
std::string PrintPlanJson(const Plan& plan);
absl::StatusOr<Plan> ParsePlanJson(std::string_view json);

// For a terminal: a table and a bar for each device. `columns` is the width of the terminal.
std::string RenderPlanText(const Plan& plan, int columns);
// One self-contained picture: a bar for each device, a strip of blocks for each group.
std::string RenderPlanSvg(const Plan& plan);

}  // namespace hanga::placement
