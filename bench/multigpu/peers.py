# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""One diffusers process a GPU, all at once: what a user gets from several GPUs without a server."""
import json
import os
import subprocess

import harness


def processes(devices, folder, arguments):
    python = harness.peer_python("torch", "diffusers", "transformers")
    if python is None:
        return {"peer_skipped": "there is no Python with diffusers; HANGA_PEER_PYTHON names one"}
    command = [python, str(harness.ROOT / "bench/peers/diffusers_picture.py"), str(folder), "--size",
               arguments.size.split("x")[0], "--steps", str(arguments.steps), "--pictures", "4"]
    running = [subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, "CUDA_VISIBLE_DEVICES": device.split(":")[1]})
               for device in devices]
    try:
        ended = [process.communicate() for process in running]
    finally:
        for process in running:
            process.kill()
    for process, (_, errors) in zip(running, ended):
        if process.returncode != 0:
            raise harness.BenchmarkError(f"diffusers: {errors[-400:]}")
    pictures = [json.loads(out.strip().splitlines()[-1])["peer_picture_ms"] for out, _ in ended]
    return {"peer_picture_ms": max(pictures), "peer_all_images_per_s": sum(1e3 / ms for ms in pictures)}
