# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What the planner said of the models that are loaded, beside what was measured since."""
import json

from multigpu import rig


def word(server, model, name):
    """`name` begins the figures' names. Of one picture at a time, of the size that the plan is for."""
    figures = {}
    for placement in server.listed(f"models {model}")[0].get("placements", []):
        worker = placement["worker"].split("/")[1].replace("-", "_")
        for times in placement.get("step_times", []):
            if float(times.get("predicted_seconds", 0)) > 0:
                predicted, measured = float(times["predicted_seconds"]), float(times["measured_seconds"])
                figures[f"{name}_{worker}_step_predicted_ms"] = 1e3 * predicted
                figures[f"{name}_{worker}_step_measured_ms"] = 1e3 * measured
                figures[f"{name}_{worker}_step_error"] = predicted / measured - 1
        plan = json.loads(placement.get("plan_json") or "{}")
        for group in plan.get("groups", []):
            used = rig.used_mib(server.devices)
            for rank, device in enumerate(group["ranks"]):
                figures[f"{name}_rank{rank}_peak_predicted_mib"] = device["peak_bytes"] / 2**20
                if used:
                    figures[f"{name}_rank{rank}_used_mib"] = used[rank]
    return figures
