# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What hangad adds to a worker's own time, and what a long queue and a full store cost.

One idle CPU worker draws 64x64 pictures with a model without weights, one after the other: nearly
all of the time of a call is Hanga's. Then, without a worker: the memory of a queued job, what one
decision of the scheduler costs with 100,000 waiting (1,000 simulated GPUs), and how long a store
with a million finished jobs takes to open.
"""
import json
import pathlib
import tempfile

import harness


def add_arguments(parser):
    parser.add_argument("--jobs", type=int, default=500, help="pictures, one after the other")
    parser.add_argument("--seconds", type=float, default=4, help="of submits, for the memory of a job")
    parser.add_argument("--stored-jobs", type=int, default=1_000_000, help="in the store that is opened")
    parser.add_argument("--simulated-jobs", type=int, default=300_000)


def _memory(pid):
    """Bytes of a process that no file stands behind."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise harness.BenchmarkError(f"/proc/{pid}/status has no RssAnon")


def _memory_of_a_job(model, seconds):
    with harness.hangad([], {"noop": model}, "[queue]\nmax_tasks = 100_000_000\n") as address:
        load = [harness.program("hanga-submit-load"), "--address", address, "--seconds", str(seconds)]
        harness.output_of(load)  # connections, threads and caches are there after it
        before = _memory(address.pid)
        figures = harness.json_of(load)
        jobs = figures["submit_calls"] + figures["submit_at_half_rate_calls"]
        return {"queued_job_bytes": (_memory(address.pid) - before) / jobs}


def run(arguments):
    with tempfile.TemporaryDirectory() as folder:
        figures = {**harness.busy_cores(), **harness.fsync_ms(folder)}
        model = pathlib.Path(folder) / "noop"
        model.mkdir()
        (model / "model_index.json").write_text(
            json.dumps({"_class_name": "HangaNoopPipeline", "step_ms": 0}))
        with harness.hangad(["cpu:0"], {"noop": model}) as address:
            figures |= harness.json_of([harness.program("hanga-overhead"), "--address", address,
                                        "--jobs", str(arguments.jobs)])
        figures |= _memory_of_a_job(model, arguments.seconds)
        schedule = harness.json_of(
            [harness.program("hanga-schedule-bench"), "--gpus", "1000", "--jobs",
             str(arguments.simulated_jobs), "--backlog", "100000"])
        store = pathlib.Path(folder) / "store"
        store.mkdir()
        stored = harness.json_of([harness.program("hanga-store-bench"), str(store), "--jobs",
                                  str(arguments.stored_jobs)])
    return {**figures, "schedule_us_per_job": schedule["schedule_us_per_job"],
            "store_jobs": arguments.stored_jobs, "store_start_s": stored["start_s"],
            "store_submits_per_s": stored["submits_per_s"]}
