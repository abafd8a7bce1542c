# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""A model over several workers: images a second beside one worker's and beside replicas.

Three servers one after another, on the same devices and with the same threads each: one worker, a
replica on every device, and one group that hands over. Each draws a job of --images pictures after
one to warm up; pictures must be equal byte for byte. Latency is that of one picture alone.
"""
import datetime
import hashlib
import json
import pathlib
import tempfile
import time

import harness

PROMPT = "a woodblock print of the sea at sunset with a red sun, a boat"


def add_arguments(parser):
    parser.add_argument("--devices", default="cpu:0,cpu:1", help="of the group, with commas")
    parser.add_argument("--threads", type=int, default=1, help="of each CPU device")
    parser.add_argument("--model", default=str(harness.ROOT / "models/demo"))
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--images", type=int, default=12)


def _seconds(job):
    parse = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    return parse(job["end_time"]) - parse(job["start_time"])


def _draw(address, arguments, images, seed):
    """Seconds of a job, and a hash of its pictures."""
    with tempfile.TemporaryDirectory() as out:
        lines = harness.output_of(
            [harness.program("hanga"), "--address", address, "generate", PROMPT, "--model", "model",
             "--steps", str(arguments.steps), "--size", arguments.size, "--seed", str(seed),
             "--images", str(images), "--json", "-o", out + "/"]).strip().splitlines()
        digest = hashlib.sha256()
        for picture in sorted(pathlib.Path(out).iterdir()):
            digest.update(picture.read_bytes())
    job = json.loads(lines[-1])
    return _seconds(job.get("job", job)), digest.hexdigest()


def _await_ready(address, workers):
    """Until every worker is ready, and the group, where there is one, has met."""
    for _ in range(600):
        lines = harness.output_of(
            [harness.program("hanga"), "--address", address, "workers", "--json"]).splitlines()
        listed = [json.loads(line)["worker"] for line in lines]
        ready = [w for w in listed if w["state"] == "WORKER_STATE_READY"]
        met = [w for w in listed if w.get("group", {}).get("ready")]
        if len(ready) >= workers[0] and len(met) >= workers[1]:
            return
        time.sleep(0.1)
    raise harness.BenchmarkError("the workers did not become ready within 60 s")


def _measure(devices, group, arguments):
    settings = f"threads = {arguments.threads}\n[[model]]\nname = \"model\"\npath = \"{arguments.model}\"\n"
    if group:
        settings += f"mode = \"split\"\ngroup_size = {len(devices)}\n"
    with harness.hangad(devices, {}, settings) as address:
        _await_ready(address, (len(devices), len(devices) if group else 0))
        _draw(address, arguments, len(devices), 1)
        alone = min(_draw(address, arguments, 1, 2)[0] for _ in range(3))
        seconds, digest = _draw(address, arguments, arguments.images, 100)
    return arguments.images / seconds, alone, digest


def run(arguments):
    devices = arguments.devices.split(",")
    one, one_latency, pictures = _measure(devices[:1], False, arguments)
    replicas, _, replicated = _measure(devices, False, arguments)
    group, group_latency, handed_over = _measure(devices, True, arguments)
    if not pictures == replicated == handed_over:
        raise harness.BenchmarkError("the pictures differ between one worker, replicas and the group")
    return {"devices": len(devices), "one_images_per_s": one, "replicas_images_per_s": replicas,
            "group_images_per_s": group, "group_to_replicas": group / replicas, "group_to_one": group / one,
            "one_picture_s": one_latency, "group_picture_s": group_latency,
            "group_latency_to_one": group_latency / one_latency}
