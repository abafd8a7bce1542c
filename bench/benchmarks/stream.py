# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""FLUX.1-dev steps with less memory for weights than it has, against what link and GPU allow.

Random weights in bfloat16 at 1024x1024. For each budget (GiB for weights: blocks that stay and the
ring): the step, the bytes that it moves, its bound max(resident step, bytes / bandwidth of the link
measured in the same run), the real peak of memory, and whether the result equals the resident
step's bit for bit. Targets: 1.05 x the bound at every budget, 1.03 x the resident step at 20 GiB,
peaks within budgets.
"""
import harness


def add_arguments(parser):
    parser.add_argument("--budget-gb", type=float, nargs="+", default=[24, 20, 16, 12, 8, 4, 2])
    parser.add_argument("--runs", type=int, default=10)


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
    return figures
