// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The states of a job and the legal steps between them.
//
//              ┌─────────────── every attempt lost ───────────────┐
//              ▼                                                  │
//   ● ──▶ QUEUED ──────────── first task assigned ─────────▶ RUNNING ──▶ SUCCEEDED
//              │  │  │                                        │  │  └───▶ FAILED
//    deadline  │  │  └─ no attempt can help ──▶ FAILED        │  │           ▲
//              ▼  │                                  cancel   ▼  │ store     │
//        EXPIRED  └───── cancel ──▶ CANCELLED ◀─── CANCELLING ┴──┴───────────┘
//                                                      └── finished first ──▶ SUCCEEDED
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hanga/v1/job.pb.h"

namespace hanga {

struct JobTransition {
  v1::JobState from, to;
  absl::string_view why;
};

// All legal steps.
absl::Span<const JobTransition> JobTransitions();

// Why a job makes this step, in one phrase; empty if it is not legal.
absl::string_view WhyBecomes(v1::JobState from, v1::JobState to);

bool MayBecome(v1::JobState from, v1::JobState to);

// Whether a job in this state never changes again.
bool IsFinal(v1::JobState state);

// "QUEUED", for people and for metrics' labels.
absl::string_view StateName(v1::JobState state);

}  // namespace hanga
