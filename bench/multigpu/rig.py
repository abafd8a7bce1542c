# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""The devices under test: which there are, how busy they are, and what holds their memory."""
import contextlib
import os
import pathlib
import subprocess
import threading
import time

import harness


def gpus():
    """Indices of the GPUs that this process may use."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible:
        return list(range(len(visible.split(","))))
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        listed = subprocess.run(["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], text=True,
                                capture_output=True, check=True).stdout.split()
        return list(range(len(listed)))
    return []


def is_gpu(device):
    return device.startswith("cuda")


def _query(fields):
    lines = harness.output_of(["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"])
    return [[word.strip() for word in line.split(",")] for line in lines.strip().splitlines()]


def used_mib(devices):
    """Of each device's memory, whoever uses it; empty without GPUs."""
    if not is_gpu(devices[0]):
        return []
    used = [int(row[0]) for row in _query("memory.used")]
    return [used[int(device.split(":")[1])] for device in devices]


class Busy:
    """Samples how busy the devices are: GPUs by their own count, CPU devices by their workers' time."""

    def __init__(self, devices, pids):
        self._devices, self._pids = devices, pids
        self._samples, self._over = [], threading.Event()

    def __enter__(self):
        self._begun, self._used = time.monotonic(), self._ticks()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._seconds = time.monotonic() - self._begun
        self._over.set()
        self._thread.join()
        self._used = [after - before for before, after in zip(self._used, self._ticks())]

    def shares(self):
        if not is_gpu(self._devices[0]):
            return [ticks / os.sysconf("SC_CLK_TCK") / self._seconds for ticks in self._used]
        count = max(1, len(self._samples))
        return [sum(row[i] for row in self._samples) / count / 100 for i in range(len(self._devices))]

    def _ticks(self):
        ticks = []
        for pid in self._pids:
            with contextlib.suppress(OSError):
                words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks.append(int(words[11]) + int(words[12]))
        return ticks

    def _sample(self):
        if not is_gpu(self._devices[0]):
            return
        while not self._over.wait(0.25):
            with contextlib.suppress(harness.BenchmarkError, ValueError):
                busy = [int(row[0]) for row in _query("utilization.gpu")]
                self._samples.append([busy[int(device.split(":")[1])] for device in self._devices])
