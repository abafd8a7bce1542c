# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Models of full size with random weights, written once where the page cache holds them."""
import pathlib
import shutil
import subprocess

import harness

FREE_BYTES = {"flux": 36 << 30, "sdxl": 8 << 30}


def _folder(name):
    """Memory where it is large enough, else a disk."""
    for base in ("/dev/shm", "/var/tmp", "/tmp"):
        if pathlib.Path(base).is_dir() and shutil.disk_usage(base).free > FREE_BYTES[name] + (8 << 30):
            return pathlib.Path(base) / f"hanga-full-size-{name}"
    raise harness.BenchmarkError(f"{name}: no folder has {FREE_BYTES[name] >> 30} GiB free; give --{name}")


def full_size(name):
    """The folder of such a model, made unless it is there."""
    folder = _folder(name)
    if (folder / "complete").exists():
        return str(folder)
    python = harness.peer_python("torch", "diffusers", "transformers")
    if python is None:
        raise harness.BenchmarkError(f"{name}: making it needs a Python with diffusers (HANGA_PEER_PYTHON)")
    made = subprocess.run(
        [python, str(harness.ROOT / "bench/peers/full_size_model.py"), str(folder),
         str(harness.ROOT / "models/demo"), "--model", name], text=True, capture_output=True)
    if made.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise harness.BenchmarkError(f"{name}: it could not be made: {made.stderr[-600:]}")
    (folder / "complete").touch()
    return str(folder)
