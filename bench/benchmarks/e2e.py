# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""A whole 1024x1024 picture on this machine's GPU: the engine alone, through gRPC, diffusers.

The model is a folder of full size (--model; bench/peers/full_size_model.py writes one with random
weights; for SDXL add --text-tokens 77 --steps 30). The engine's picture and its parts are timed in one
process; then a hangad with one GPU worker draws, and its jobs' times from start to end count. The peer
is diffusers' FluxPipeline.
"""
import datetime
import json
import tempfile

import harness


def add_arguments(parser):
    parser.add_argument("--model", required=True, help="a diffusers folder of full size")
    parser.add_argument("--weights", choices=["auto", "fp8"], default="auto")
    parser.add_argument("--steps", type=int, default=28)
    parser.add_argument("--text-tokens", type=int, default=512)
    parser.add_argument("--pictures", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true")


def seconds_of(job):
    parse = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    return parse(job["end_time"]) - parse(job["start_time"])


def through_grpc(arguments):
    with harness.hangad(["cuda:0"], {"model": arguments.model},
                        weights=arguments.weights) as address, tempfile.TemporaryDirectory() as out:
        taken = []
        for number in range(arguments.pictures + 2):
            lines = harness.output_of(
                [harness.program("hanga"), "--address", address, "generate", f"{number} boats on the sea",
                 "--model", "model", "--steps", str(arguments.steps), "--size", "1024x1024", "--seed", str(number),
                 "--json", "-o", out + "/"]).strip().splitlines()
            job = json.loads(lines[-1])
            taken.append(1e3 * seconds_of(job.get("job", job)))
    return {"grpc_first_picture_ms": taken[0], "grpc_picture_ms": harness.median(taken[2:])}


def run(arguments):
    figures = harness.json_of([harness.program("hanga-bench"), "e2e", "--model", arguments.model,
                               "--weights", arguments.weights, "--steps", str(arguments.steps),
                               "--text-tokens", str(arguments.text_tokens)])
    figures.update(through_grpc(arguments))
    figures["ratio_to_parts"] = figures["grpc_picture_ms"] / figures["parts_ms"]
    peer = None if arguments.no_peer else harness.peer_python("torch", "diffusers", "transformers")
    if peer:
        figures.update(harness.json_of(
            [peer, str(harness.ROOT / "bench/peers/diffusers_picture.py"), arguments.model]))
        figures["ratio_to_diffusers"] = figures["grpc_picture_ms"] / figures["peer_picture_ms"]
    return figures
