# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Plans' step times and peaks of memory against measured ones, over 20 budgets of FLUX.1-dev.

The planner gets the rates and the blocks' times of the same run. Targets: step time within 5 %,
peak within 3 % and never above.
"""
from benchmarks import stream


def add_arguments(parser):
    parser.add_argument("--budgets", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5)


def run(arguments):
    last = max(1, arguments.budgets - 1)
    budgets = [round(1.5 + 18 * i / last, 2) for i in range(arguments.budgets)]
    measured = stream.measure(budgets, arguments.runs)
    times = [abs(measured[f"b{b:g}_predicted_ms"] / measured[f"b{b:g}_step_ms"] - 1) for b in budgets]
    peaks = [measured[f"b{b:g}_peak_gib"] / measured[f"b{b:g}_predicted_peak_gib"] - 1 for b in budgets]
    figures = {
        "budgets": len(budgets),
        "worst_step_error_percent": 100 * max(times),
        "mean_step_error_percent": 100 * sum(times) / len(times),
        "worst_peak_error_percent": 100 * max(abs(p) for p in peaks),
        "worst_peak_above_plan_percent": 100 * max(peaks),
    }
    for b, error, peak in zip(budgets, times, peaks):
        figures[f"b{b:g}_step_ms"] = measured[f"b{b:g}_step_ms"]
        figures[f"b{b:g}_predicted_ms"] = measured[f"b{b:g}_predicted_ms"]
        figures[f"b{b:g}_step_error_percent"] = 100 * error
        figures[f"b{b:g}_peak_error_percent"] = 100 * peak
    return figures
