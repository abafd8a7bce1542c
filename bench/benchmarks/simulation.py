# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""A thousand GPUs and a million jobs under the scheduler's own decisions, event by event.

50 tenants of three weights keep 100,000 jobs waiting, for eight models of which few make most of the
load; a GPU that lacks a model loads it for 12 s first. What a decision costs, how much of the GPUs'
time draws, how often models are loaded, and how evenly the tenants are served by their weights.
"""
import harness


def add_arguments(parser):
    parser.add_argument("--gpus", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--backlog", type=int, default=100_000)


def run(arguments):
    options = {name: getattr(arguments, name) for name in ("gpus", "jobs", "backlog")}
    command = [harness.program("hanga-schedule-bench")]
    for name, value in options.items():
        command += ["--" + name, str(value)]
    return {**harness.busy_cores(), **options, **harness.json_of(command)}
