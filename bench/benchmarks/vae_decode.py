# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""FLUX.1's autoencoder decoding one picture on this machine's GPU, diffusers beside it."""
import harness


def add_arguments(parser):
    parser.add_argument("--size", type=int, default=1024, help="pixels a side")


def run(arguments):
    size = str(arguments.size)
    figures = harness.json_of([harness.program("hanga-bench"), "vae-decode", "--width", size, "--height", size])
    peer = harness.peer_python("torch", "diffusers")
    if peer:
        figures.update(harness.json_of(
            [peer, str(harness.ROOT / "bench/peers/diffusers_flux.py"), "--vae", "--size", size]))
        figures["ratio_to_peer"] = figures["vae_decode_ms"] / figures["peer_vae_decode_ms"]
    return figures
