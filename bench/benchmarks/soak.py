# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""An hour of everyday load: does hangad or a worker grow?

Three tenants submit, generate, cancel, follow, download and hang up; one of two workers is killed,
ended or drained every minute; the demo picture is drawn every half minute; jobs and artifacts expire
all the time. Memory, descriptors and threads of hangad and of the other worker are sampled every 10
seconds. After the warm-up (10 minutes, or a sixth of the time) it fails on more than 10 MB of growth,
on any of descriptors, and on more than four threads (gRPC starts some when it is busy). It keeps a
tenth of a core busy.
"""
import json
import subprocess

import harness


def add_arguments(parser):
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", metavar="FILE",
                        help="one line a sample: second, then bytes, descriptors and threads of hangad "
                             "and of the worker")


def run(arguments):
    command = [harness.program("hanga-soak"), "--minutes", str(arguments.minutes), "--seed",
               str(arguments.seed), "--demo", str(harness.ROOT / "models/demo")]
    if arguments.samples:
        command += ["--samples", arguments.samples]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0:
        raise harness.BenchmarkError("the soak found violations: " + (lines[-1] if lines else ""))
    return json.loads(lines[-1])
