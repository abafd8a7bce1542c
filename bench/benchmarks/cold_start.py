# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""From nothing to the first picture of a model on this machine's GPU, from disk and from memory.

First with the model's files dropped from the page cache (as root) and no hash known, then from the
page cache with the hash known, as after a restart. Loading is held against the rate at which
page-locked memory reaches the device in the same run.
"""
import os
import pathlib
import tempfile

import harness


def add_arguments(parser):
    parser.add_argument("--model", required=True, help="a diffusers folder of full size")
    parser.add_argument("--weights", choices=["auto", "fp8"], default="auto")


def drop_page_cache():
    os.sync()
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError:
        return False
    return True


def run(arguments):
    figures = {}
    with tempfile.TemporaryDirectory() as cache:
        command = [harness.program("hanga-bench"), "cold-start", "--model", arguments.model,
                   "--weights", arguments.weights]
        environment = {**os.environ, "XDG_CACHE_HOME": cache}
        kinds = (["disk"] if drop_page_cache() else []) + ["memory"]
        for kind in kinds:
            once = harness.json_of(command, env=environment)
            figures.update({f"{kind}_{name}": value for name, value in once.items()})
    return figures
