# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""A replica on every device: throughput beside one worker's, equal bytes, a mixed queue, one slow device."""
import contextlib
import subprocess
import sys
import time

import harness
from multigpu import rig


def _rate(server, model, arguments, images, seed):
    job = server.draw(model, arguments.size, arguments.steps, images, seed)
    return images / job.seconds(), job.pictures


def _warm(server, model, arguments):
    """Every worker loads the model, all at once, measures its products and captures its step."""
    names = list(server.workers())
    server.draw(model, arguments.size, 3, 4 * len(names), 1)
    for name in names:
        with server.without([other for other in names if other != name]):
            server.draw(model, arguments.size, 3, 2, 1)


def replicate(server, model, arguments):
    """Throughput of one worker and of all, and whether each draws the same bytes."""
    _warm(server, model, arguments)
    names = list(server.workers())
    rates, pictures = {}, {}
    for name in names:
        with server.without([other for other in names if other != name]):
            rates[name], pictures[name] = _rate(server, model, arguments, arguments.images, 100)
    figures = {f"{model}_{name.replace('-', '_')}_images_per_s": rate for name, rate in rates.items()}
    every, together = _rate(server, model, arguments, arguments.images * len(names), 100)
    figures[f"{model}_all_images_per_s"] = every
    figures[f"{model}_all_to_sum_of_one"] = every / sum(rates.values())
    first = pictures[names[0]]
    equal = all(drawn == first for drawn in pictures.values()) and together[: len(first)] == first
    figures[f"{model}_bytes_equal_on_every_device"] = int(equal)
    with server.without(names[1:]):
        picture_s = min(server.draw(model, arguments.size, arguments.steps, 1, 200).seconds() for _ in range(3))
    figures[f"{model}_one_picture_s"] = picture_s
    alone = {"rates": rates, "pictures": together, "replicas_per_s": every, "picture_s": picture_s}
    return figures, alone


def _waiting(server):
    """Whether the queue has pictures that no worker has taken."""
    for job in server.listed("jobs"):
        if job["state"] == "JOB_STATE_QUEUED":
            return True
        taken = [task for task in job["tasks"] if task["stage"] != "TASK_STAGE_QUEUED"]
        if job["state"] == "JOB_STATE_RUNNING" and len(taken) < int(job["spec"]["num_images"]):
            return True
    return False


def mixed(server, models, arguments):
    """A queue of several sizes and models: how busy the devices are while there is a queue."""
    width, height = (int(side) for side in arguments.size.split("x"))
    sizes = [f"{width}x{height}", f"{width * 3 // 4 // 64 * 64}x{height}", f"{width // 2}x{height // 2}"]
    for model in models:  # each worker knows every shape before it counts
        for size in sizes:
            server.draw(model, size, 3, 4 * len(server.devices), 5)
    jobs = [server.submit(model, size, arguments.steps, 2 * len(server.devices), 1000 + 10 * round_ + i)
            for round_ in range(arguments.rounds) for model in models for i, size in enumerate(sizes)]
    while not any(job["state"] == "JOB_STATE_RUNNING" for job in server.listed("jobs")):
        time.sleep(0.05)
    time.sleep(0.5)  # so that every device has begun
    begun = time.monotonic()
    with rig.Busy(server.devices, server.pids()) as busy:
        while _waiting(server):
            time.sleep(0.2)
    seconds = time.monotonic() - begun
    for job in jobs:
        job.wait()
    shares = busy.shares()
    return {"mixed_queue_pictures": sum(len(job.pictures) for job in jobs), "mixed_queue_s": seconds,
            "mixed_queue_busy_least": min(shares), "mixed_queue_busy_mean": sum(shares) / len(shares)}


@contextlib.contextmanager
def _competing(device):
    """Another process that computes on the device all the time."""
    if rig.is_gpu(device):
        python = harness.peer_python("torch")
        if python is None:
            raise harness.BenchmarkError("the competing process needs a Python with torch")
        program = ("import torch\n"
                   f"a = torch.randn(8192, 8192, device='{device}', dtype=torch.bfloat16)\n"
                   "print('begun', flush=True)\n"
                   "while True:\n"
                   "    for _ in range(20): b = a @ a\n"
                   "    torch.cuda.synchronize()\n")
        command = [python, "-c", program]
    else:
        command = [sys.executable, "-c", "print('begun', flush=True)\nwhile True: pass"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()


def unequal(server, model, arguments):
    """All devices while another process holds the last one back: beside the sum of their speeds.

    Pictures of few steps and many of them, so that the queue's end, when the slow device draws what it
    has begun, weighs little.
    """
    names = list(server.workers())
    slowed = next(name for name in names if name.endswith(server.devices[-1].replace(":", "-")))
    others = [name for name in names if name != slowed]
    steps, images = max(2, arguments.steps // 3), 3 * arguments.images

    def rate(count, seed):
        return count / server.draw(model, arguments.size, steps, count, seed).seconds()

    with server.without([slowed]):
        fast = rate(images * len(others), 300)
    with _competing(server.devices[-1]):
        with server.without(others):
            slow = rate(images // 2, 400)
        every = rate(2 * images * len(names), 500)
    return {"unequal_others_images_per_s": fast, "unequal_slowed_images_per_s": slow,
            "unequal_slowed_share": slow / (fast / len(others)), "unequal_images_per_s": every,
            "unequal_to_sum_of_speeds": every / (fast + slow),
            "unequal_lockstep_would_be": min(1, len(names) * slow / (fast + slow))}
