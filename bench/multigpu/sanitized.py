# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""A hand-over step of the demo model with compute-sanitizer's memcheck over every rank."""
import pathlib
import re
import shutil
import tempfile

import harness
from multigpu import server


def memcheck(devices):
    sanitizer = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not pathlib.Path(sanitizer).exists():
        return {"memcheck_skipped": "there is no compute-sanitizer"}
    with tempfile.TemporaryDirectory(prefix="hanga-memcheck-") as folder:
        wrapper = pathlib.Path(folder) / "worker"
        wrapper.write_text(f"#!/bin/sh\nexec {sanitizer} --tool memcheck --log-file {folder}/log-%p "
                           f"{harness.program('hanga-worker')} \"$@\"\n")
        wrapper.chmod(0o755)
        with server.serving(devices, {"demo": harness.ROOT / "models/demo"}, group=True,
                            program=wrapper) as running:
            running.draw("demo", "64x64", 2, 1, 1)
        found = [int(count) for log in pathlib.Path(folder).glob("log-*")
                 for count in re.findall(r"ERROR SUMMARY: (\d+) error", log.read_text(errors="replace"))]
    return {"memcheck_ranks": len(found), "memcheck_errors": sum(found)}
