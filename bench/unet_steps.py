# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of guided UNet steps share."""
import tempfile

import harness


def add_arguments(parser):
    parser.add_argument("--compile", action="store_true", help="also time torch.compile (minutes)")
    parser.add_argument("--profile", action="store_true", help="also time the blocks one by one")


def measure(model, size, arguments):
    side = ["--width", str(size), "--height", str(size)]
    ours = [harness.program("hanga-bench"), f"{model}-step", *side]
    with tempfile.TemporaryDirectory() as choices:
        ours += ["--choices", choices]
        figures = harness.json_of(ours + ["--tune"] + (["--profile"] if arguments.profile else []))
        peer = harness.peer_python("torch", "diffusers")
        if not peer:
            print("diffusers is not installed (see HANGA_PEER_PYTHON): no peer in this run")
            return figures
        script = str(harness.ROOT / "bench/peers/diffusers_unet.py")
        figures.update(harness.json_of(
            [peer, script, model, "--size", str(size)] + (["--compile"] if arguments.compile else [])))
        figures["unet_step_again_ms"] = harness.json_of(ours)["unet_step_ms"]
    best_peer = figures.get("peer_compiled_ms", figures["peer_eager_ms"])
    figures["ratio_to_peer"] = (figures["unet_step_ms"] + figures["unet_step_again_ms"]) / 2 / best_peer
    return figures
