# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What the planner says of a model on these devices, beside what was measured of it."""
import json
import pathlib

import harness
from multigpu import rig


def _planned(folder, mode, devices, arguments):
    """The plan of this machine; None where there is none, as on a rehearsal's made-up devices."""
    words = [word for device in devices for word in ("--device", device)]
    try:
        return json.loads(harness.output_of(
            [harness.program("hanga"), "plan", str(pathlib.Path(folder).resolve()), "--mode", mode, "--size",
             arguments.size, "--steps", str(arguments.steps), "--json", *words]))
    except (harness.BenchmarkError, ValueError):
        return None


def _measured_step(server, model, arguments):
    """Seconds of a step of one picture alone, on the slowest worker that drew some; None if none did."""
    width, height = (int(side) for side in arguments.size.split("x"))
    found = []
    for placement in server.listed(f"models {model}")[0].get("placements", []):
        for times in placement.get("step_times", []):
            if (times["width"], times["height"], times["batch"]) == (width, height, 1):
                found.append(float(times["measured_seconds"]))
    return max(found, default=None)


def word(server, model, folder, mode, arguments, images_per_s):
    """Prediction and measurement of step, throughput and memory, and the error of each."""
    plan = _planned(folder, mode, server.devices, arguments)
    name, figures = f"plan_{model}_{mode.replace('-', '_')}", {}
    measured = _measured_step(server, model, arguments)
    if measured:
        figures[f"{name}_step_measured_ms"] = 1e3 * measured
    if plan is None:
        return figures
    predicted = plan["groups"][0]["prediction"]["step_seconds"]
    figures[f"{name}_step_predicted_ms"] = 1e3 * predicted
    if measured:
        figures[f"{name}_step_error"] = predicted / measured - 1
    figures[f"{name}_images_per_s_predicted"] = plan["images_per_second"]
    figures[f"{name}_images_per_s_error"] = plan["images_per_second"] / images_per_s - 1
    used = rig.used_mib(server.devices)
    ranks = [rank for group in plan["groups"] for rank in group["ranks"]]
    for i, rank in enumerate(ranks):
        figures[f"{name}_{rank['device'].replace(':', '_')}_peak_predicted_mib"] = rank["peak_bytes"] / 2**20
        if i < len(used):
            figures[f"{name}_{rank['device'].replace(':', '_')}_used_mib"] = used[i]
    return figures
