// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A discrete-event model of the executor: compute streams, copy engines, the slot ring and the
// hand-over of activations. Every event is the end of a compute, copy, read or transfer; its time
// is the latest of what it waits for, plus its duration:
//
//   copy of a streamed block    waits for its engine, and for the block that used its slot before
//   compute of a block          waits for the block before it, and for its own copy
//   first block of a rank       waits for the activations of the rank before it
//
// The host waits for nothing and nothing is written back. Copies run ahead across step boundaries.
#pragma once

#include <string>
#include <vector>

namespace hanga::placement {

struct SimBlock {
  double compute_seconds = 0;
  int engine = -1;          // which of the rank's copy engines brings it; -1: resident
  double copy_seconds = 0;  // when streamed
  double read_seconds = 0;  // from the file, before the copy and beside other blocks' copies
  double load_seconds = 0;  // of a resident block, on engine 0, before its first use
};

struct SimRank {
  std::vector<SimBlock> blocks;  // in order, one pass
  int engines = 1;
  int slots = 0;                 // of the ring; at least 1 where a block is streamed
  double hand_over_seconds = 0;  // to the next rank; of the last rank, back to the first
};

struct SimOptions {
  int images = 1;  // in flight: one runs on a rank at a time
  int passes_per_step = 1;
  int steps = 4;      // simulated
  bool cold = false;  // resident blocks have to be loaded first
};

enum class Lane { kCompute, kCopy, kRead, kHandOver };

// One bar of the timeline.
struct Span {
  Lane lane;
  int rank, engine;  // engine: of a copy
  int block;         // of the rank; -1: a hand-over
  int image, step;
  double start, end;
};

struct SimResult {
  double first_step_seconds = 0;                 // until every image has done its first step
  double step_seconds = 0;                       // steady: from step to step of all images
  std::vector<double> compute_busy;              // by rank, share of the steady time
  std::vector<std::vector<double>> engine_busy;  // by rank and engine
  std::vector<double> hand_over_busy;            // by rank
  std::vector<double> read_busy;                 // by rank
  std::vector<Span> timeline;                    // when asked for
};

SimResult Simulate(const std::vector<SimRank>& ranks, const SimOptions& options,
                   bool with_timeline = false);

// The steady time of one pass of one rank alone, without allocating beyond `ends`, which is
// scratch.
double SteadyPassSeconds(const SimRank& rank, std::vector<double>* scratch);

}  // namespace hanga::placement
