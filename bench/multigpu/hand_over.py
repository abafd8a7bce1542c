# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""One group over all devices: throughput with several images on their way, latency, and lost ranks."""
import os
import signal
import threading
import time

import harness
from multigpu import rig
from multigpu.server import moment


def throughput(server, model, arguments, alone):
    """`alone`: of replicas, pictures of seed 100, all's images a second, one's seconds of a picture; or None."""
    server.draw(model, arguments.size, arguments.steps, 4, 1)
    latency = min(server.draw(model, arguments.size, arguments.steps, 1, 200).seconds() for _ in range(3))
    images = 2 * arguments.images
    with rig.Busy(server.devices, server.pids()) as busy:
        job = server.draw(model, arguments.size, arguments.steps, images, 100)
    rate = images / job.seconds()
    figures = {"hand_over_images_per_s": rate, "hand_over_picture_s": latency,
               "hand_over_busy_least": min(busy.shares())}
    if alone is not None:
        same = [a == b for a, b in zip(job.pictures, alone["pictures"])]
        figures.update({"hand_over_to_replicas": rate / alone["replicas_per_s"],
                        "hand_over_latency_to_one": latency / alone["picture_s"],
                        "hand_over_bytes_equal_to_one_worker": int(bool(same) and all(same))})
    return figures


def _await_step(server, step, seconds=60):
    """Until the newest job, which runs, has taken so many steps."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        newest = server.listed("jobs")[0]
        if newest["state"] == "JOB_STATE_RUNNING" and any(int(t["step"]) >= step for t in newest["tasks"]):
            return
        time.sleep(0.02)
    raise harness.BenchmarkError("the job took no steps")


def _rank(server, rank):
    for worker in server.workers().values():
        if worker.get("group", {}).get("ready") and int(worker["group"].get("rank", 0)) == rank:
            return worker
    raise harness.BenchmarkError(f"no worker is rank {rank} of a group")


def fault(server, model, arguments, kind, step_s):
    """Rank 1 is killed, or stopped, in the middle of a step of a long picture."""
    steps = 4 * arguments.steps
    undisturbed = server.draw(model, arguments.size, steps, 1, 500).pictures
    job = server.submit(model, arguments.size, steps, 1, 500)
    _await_step(server, 3)
    pid = int(_rank(server, 1)["pid"])
    survivor = _rank(server, 0)["name"]
    struck = time.time()
    os.kill(pid, signal.SIGKILL if kind == "kill" else signal.SIGSTOP)
    over = {}

    def watch():  # until the leader is no rank of a group any more
        while "s" not in over and time.time() < struck + 60:
            worker = server.workers()[survivor.split("/")[1]]
            if not worker.get("group", {}).get("ready"):
                over["s"] = time.time() - struck
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        drawn = job.wait(180)
    finally:
        watcher.join()
        if kind == "stop":
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass  # the daemon has replaced it
    server.await_ready(group=True)
    figures = {f"{kind}_group_given_up_s": over.get("s", -1.0), f"{kind}_in_steps": over.get("s", -1.0) / step_s,
               f"{kind}_picture_after_s": moment(drawn.job["end_time"]) - struck,
               f"{kind}_attempts": max(drawn.attempts()),
               f"{kind}_bytes_equal_to_undisturbed": int(drawn.pictures == undisturbed)}
    return figures


def zombies(parent):
    """Children of the daemon that have ended and were not reaped."""
    count = 0
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                words = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        count += words[0] == "Z" and int(words[1]) == parent
    return count
