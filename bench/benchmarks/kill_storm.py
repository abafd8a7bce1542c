# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Real processes, killed, paused, cut off and out of disk at random: is anything lost?

Eight clients submit, generate, cancel and follow jobs of a model without weights, while one
disturbance a cycle hits hangad, its workers, the clients or the disk (a small tmpfs, as root). At the
end every acknowledged job has ended in one way and is listed so, every success has its pictures with
the right SHA-256, equal drawings have equal bytes, and no file or process is left over. The same seed
draws the same disturbances. Violations are printed, and the benchmark then fails. `--parallel` lets
several storms rage beside each other, each with a server and a seed of its own.
"""
import concurrent.futures
import json
import subprocess
import time

import harness


def add_arguments(parser):
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--parallel", type=int, default=1, help="storms at a time, each on two cores or so")
    parser.add_argument("--worker-program", default="hanga-noop-worker",
                        help="hanga-worker: the whole one, which starts more slowly")


# Below the ports that the system gives away: a server that was killed must get its own back, which
# another storm's could have been given meanwhile.
FIRST_PORT = 21000


def storm(arguments, index):
    """One storm with its share of the cycles."""
    cycles = (arguments.cycles + index) // arguments.parallel
    command = [harness.program("hanga-kill-storm"), "--cycles", str(cycles),
               "--seed", str(arguments.seed + index)]
    for option in ("clients", "workers", "worker_program"):
        command += ["--" + option.replace("_", "-"), str(getattr(arguments, option))]
    if arguments.parallel > 1:
        command += ["--listen", f"127.0.0.1:{FIRST_PORT + index}"]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0:
        raise harness.BenchmarkError(
            f"the storm of seed {arguments.seed + index} found violations, or the server did not start "
            "again: " + (lines[-1] if lines else ""))
    return json.loads(lines[-1])


def run(arguments):
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(arguments.parallel) as pool:
        storms = list(pool.map(lambda index: storm(arguments, index), range(arguments.parallel)))
    total = {name: sum(one[name] for one in storms) for name in storms[0]}
    return {**total, "seed": arguments.seed, "storms": arguments.parallel,
            "seconds": time.monotonic() - begun}
