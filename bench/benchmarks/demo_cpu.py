# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""The demo picture (256x256, 20 steps) on this machine's CPU, diffusers beside it.

Ours is the time from a job's start to its end in a running hangad with one CPU worker that has all
cores: prompt encoding (cached after the first), denoising, decoding, PNG, transfer, commit. The peer
is diffusers' FluxPipeline on the same weights, called for a PIL image; it runs between two runs of
ours. It needs a Python with torch, diffusers and transformers: this one or HANGA_PEER_PYTHON.
"""
import datetime
import json
import tempfile

import harness

PROMPT = "a woodblock print of the sea at sunset with a red sun, a boat"


def add_arguments(parser):
    parser.add_argument("--pictures", type=int, default=7, help="pictures a run, after one to warm up")
    parser.add_argument("--steps", type=int, default=20)


def _seconds(job):
    parse = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    return parse(job["end_time"]) - parse(job["start_time"])


def _ours(address, arguments):
    seconds = []
    for picture in range(arguments.pictures + 1):
        with tempfile.TemporaryDirectory() as out:
            lines = harness.output_of(
                [harness.program("hanga"), "--address", address, "generate", PROMPT, "--model", "demo",
                 "--steps", str(arguments.steps), "--size", "256x256", "--seed", str(picture),
                 "--json", "-o", out + "/"]).strip().splitlines()
        job = json.loads(lines[-1])
        seconds.append(_seconds(job.get("job", job)))
    return seconds[1:]


def run(arguments):
    peer = harness.peer_python("torch", "diffusers", "transformers")
    demo = harness.ROOT / "models/demo"
    with harness.hangad(["cpu:0"], {"demo": demo}) as address:
        ours = _ours(address, arguments)
        figures = {}
        if peer:
            theirs = harness.json_of(
                [peer, str(harness.ROOT / "bench/peers/diffusers_demo.py"), str(demo), PROMPT,
                 str(arguments.steps), str(arguments.pictures)])
            ours += _ours(address, arguments)
            figures["peer_diffusers_picture_s"] = harness.median(theirs["seconds"])
            figures["ratio_to_diffusers"] = harness.median(ours) / figures["peer_diffusers_picture_s"]
        else:
            print("diffusers is not installed (see HANGA_PEER_PYTHON): no peer in this run")
    return {"demo_picture_s": harness.median(ours), **figures}
