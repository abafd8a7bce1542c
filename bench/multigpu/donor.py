# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""FLUX.1-dev with few of its weights resident: the rest from another GPU's memory, and from the host's."""
import harness


def stream(arguments):
    budget = f"{arguments.donor_budget_gb:g}"
    command = [harness.program("hanga-bench"), "stream", "--budget-gb", budget, "--runs", "10"]
    figures = {}
    for source, words in (("donor", ["--donor", "1"]), ("host", [])):
        for key, value in harness.json_of(command + words).items():
            figures[f"{source}_{key}"] = value
        step, resident = _of(figures, f"{source}_b{budget}_", "step_ms"), _of(figures, source, "resident_step_ms")
        if step and resident:
            figures[f"{source}_step_to_resident"] = step / resident
    return figures


def _of(figures, prefix, suffix):
    return next((v for k, v in figures.items() if k.startswith(prefix) and k.endswith(suffix)), None)
