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
import harness


def add_arguments(parser):
    parser.add_argument("--budget-gb", type=float, nargs="+", default=[24, 20, 16, 12, 8, 4, 2])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--no-peer", action="store_true", help="without diffusers")


def measure(budgets, runs):
    return harness.json_of([harness.program("hanga-bench"), "stream", "--runs", str(runs), "--budget-gb",
                            *(f"{budget:g}" for budget in budgets)])


def run(arguments):
    figures = measure(arguments.budget_gb, arguments.runs)
    budgets = [f"b{budget:g}_" for budget in arguments.budget_gb]
    figures["worst_ratio_to_bound"] = max(figures[b + "ratio_to_bound"] for b in budgets)
    figures["all_equal"] = min(figures[b + "equal"] for b in budgets)
    figures["peaks_within_budget"] = int(all(
        figures[b + "weights_peak_gib"] <= budget for b, budget in zip(budgets, arguments.budget_gb)))
    peer = None if arguments.no_peer else harness.peer_python("torch", "diffusers")
    if not peer:
        print("no peer in this run: " + ("as asked" if arguments.no_peer else "diffusers is not installed"))
        return figures
    script = str(harness.ROOT / "bench/peers/diffusers_flux.py")
    for offload in ("block", "leaf"):
        figures |= harness.json_of([peer, script, "--offload", offload, "--runs", "5"])
    all_streamed = min(arguments.budget_gb)  # ours that moves most of it in every step
    best = min(figures["peer_block_offload_ms"], figures["peer_leaf_offload_ms"])
    figures["ratio_to_peer"] = figures[f"b{all_streamed:g}_step_ms"] / best
    return figures
