# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""One FLUX.1-dev denoising step on this machine's GPU, its floor, and diffusers beside it.

The floor is the arithmetic at the rates that the same run measures over a third of a second each:
linear layers at the rate of a [tokens, 3072] x [3072, 21504] product, attention at cuDNN's. Ours runs
as it comes, then with its products tuned under sustained load, as `hanga-worker draw --tune` keeps
them, and so once more after the peer; a drift above 2 % voids the run. The peer needs a Python with
diffusers.
"""
import tempfile

import harness


def add_arguments(parser):
    parser.add_argument("--size", type=int, default=1024, help="pixels a side")
    parser.add_argument("--compile", action="store_true", help="also time torch.compile (minutes)")
    parser.add_argument("--fp8", action="store_true", help="ours with weights in 8 bits too, and its error")
    parser.add_argument("--choices", help="a folder that keeps the tuned products")
    parser.add_argument("--profile", action="store_true", help="also time the blocks one by one")


def run(arguments):
    with tempfile.TemporaryDirectory() as choices:
        return measure(arguments, arguments.choices or choices)


def measure(arguments, choices):
    size = str(arguments.size)
    ours = [harness.program("hanga-bench"), "flux-step", "--width", size, "--height", size]
    figures = {"flux_step_untuned_ms": harness.json_of(ours)["flux_step_ms"]}
    ours += ["--choices", choices]
    figures.update(harness.json_of(ours + ["--tune"] + (["--profile"] if arguments.profile else [])))
    if arguments.fp8:
        in_fp8 = harness.json_of(ours + ["--weights", "fp8"])
        figures["fp8_step_ms"] = in_fp8["flux_step_ms"]
        error = harness.json_of([ours[0], "fp8-error", "--width", size, "--height", size])
        figures.update({"fp8_" + name: value for name, value in error.items()})
    peer = harness.peer_python("torch", "diffusers")
    if not peer:
        print("diffusers is not installed (see HANGA_PEER_PYTHON): no peer in this run")
        return figures
    script = str(harness.ROOT / "bench/peers/diffusers_flux.py")
    theirs = harness.json_of([peer, script, "--size", size] + (["--compile"] if arguments.compile else []))
    again = harness.json_of(ours)["flux_step_ms"]
    figures.update(theirs)
    figures["flux_step_again_ms"] = again
    best_peer = theirs.get("peer_compiled_ms", theirs["peer_eager_ms"])
    figures["ratio_to_peer"] = (figures["flux_step_ms"] + again) / 2 / best_peer
    if arguments.fp8:
        figures["fp8_ratio_to_peer"] = figures["fp8_step_ms"] / best_peer
    return figures
