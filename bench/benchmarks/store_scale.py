# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""A million jobs in the store: submits a second, then a start with all of them finished.

The job store alone, without gRPC, on the disk of the temporary folder (TMPDIR).
"""
import tempfile

import harness


def add_arguments(parser):
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--callers", type=int, default=64)


def run(arguments):
    with tempfile.TemporaryDirectory(prefix="hanga-bench-") as folder:
        figures = {**harness.busy_cores(), **harness.fsync_ms(folder)}
        store = harness.json_of([harness.program("hanga-store-bench"), folder, "--jobs",
                                 str(arguments.jobs), "--callers", str(arguments.callers)])
    return {**figures, "jobs": arguments.jobs, **store}
