# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""FLUX.1-dev steps with less memory for weights than it has, against what link and GPU allow.

Random weights in bfloat16 at 1024x1024. For each budget (GiB for weights: blocks that stay and the
ring): the step, the bytes that it moves, its bound max(resident step, bytes / bandwidth of the link
measured in the same run), the real peak of memory, and whether the result equals the resident
step's bit for bit. Then the first step of a model that was moved to host memory as a whole. Peers:
diffusers' group offload by blocks and by leaves with streams, which moves every weight in every step.
Targets: 1.05 x the bound at every budget, 1.03 x the resident step at 20 GiB, 1.1 x one pass over the
link for the first step, peaks within budgets.
"""
import json
import subprocess

import harness


def add_arguments(parser):
    parser.add_argument("--budget-gb", type=float, nargs="+", default=[24, 20, 16, 12, 8, 4, 2])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--donor", type=int, help="a GPU of this machine whose memory lends, by its number")
    parser.add_argument("--no-peer", action="store_true", help="without diffusers")
    parser.add_argument("--peer-runs", type=int, default=5)
    parser.add_argument("--peer-seconds", type=float, default=600, help="after which the peers are given up")


def measure(budgets, runs, donor=None):
    lends = [] if donor is None else ["--donor", str(donor)]
    return harness.json_of([harness.program("hanga-bench"), "stream", "--runs", str(runs), *lends,
                            "--budget-gb", *(f"{budget:g}" for budget in budgets)])


def peers(python, runs, seconds):
    """What the peers said in the time that they were given."""
    script = str(harness.ROOT / "bench/peers/diffusers_flux.py")
    try:
        done = subprocess.run([python, script, "--offload", "block", "leaf", "--runs", str(runs)],
                              text=True, capture_output=True, timeout=seconds)
        said, why = done.stdout, done.stderr.strip()[-300:]
    except subprocess.TimeoutExpired as late:
        said, why = (late.stdout or b"").decode(), f"given up after {seconds:g} s"
    lines = [line for line in said.splitlines() if line.startswith("{")]
    if len(lines) < 2:
        print("not every peer in this run: " + why)
    return json.loads(lines[-1]) if lines else {}


def run(arguments):
    figures = measure(arguments.budget_gb, arguments.runs, arguments.donor)
    budgets = [f"b{budget:g}_" for budget in arguments.budget_gb]
    figures["worst_ratio_to_bound"] = max(figures[b + "ratio_to_bound"] for b in budgets)
    figures["all_equal"] = min(figures[b + "equal"] for b in budgets)
    figures["peaks_within_budget"] = int(all(
        figures[b + "weights_peak_gib"] <= budget for b, budget in zip(budgets, arguments.budget_gb)))
    peer = None if arguments.no_peer else harness.peer_python("torch", "diffusers")
    if not peer:
        print("no peer in this run: " + ("as asked" if arguments.no_peer else "diffusers is not installed"))
        return figures
    figures |= peers(peer, arguments.peer_runs, arguments.peer_seconds)
    times = [figures[key] for key in figures if key.startswith("peer_") and key.endswith("_ms")]
    if times:
        all_streamed = min(arguments.budget_gb)  # ours that moves most of it in every step
        figures["ratio_to_peer"] = figures[f"b{all_streamed:g}_step_ms"] / min(times)
    return figures
