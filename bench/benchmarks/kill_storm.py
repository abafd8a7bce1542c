# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Real processes, killed, paused, cut off and out of disk at random: is anything lost?

Eight clients submit, generate, cancel and follow jobs of a model without weights, while one
disturbance a cycle hits hangad, its workers, the clients or the disk (a small tmpfs, as root). At the
end every acknowledged job has ended in one way and is listed so, every success has its pictures with
the right SHA-256, equal drawings have equal bytes, and no file or process is left over. The same seed
draws the same disturbances. Violations are printed, and the benchmark then fails.
"""
import json
import subprocess

import harness


def add_arguments(parser):
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--worker-program", default="hanga-noop-worker",
                        help="hanga-worker: the whole one, which starts more slowly")


def run(arguments):
    command = [harness.program("hanga-kill-storm")]
    for option in ("cycles", "seed", "clients", "workers", "worker_program"):
        command += ["--" + option.replace("_", "-"), str(getattr(arguments, option))]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise harness.BenchmarkError("the storm found violations, or the server did not start again")
    return json.loads(done.stdout.strip().splitlines()[-1])
