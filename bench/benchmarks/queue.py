# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Twenty pictures one after the other on this machine's GPU: the share of the time that it is busy.

Busy is what the parts of twenty pictures take when each is awaited: prompts, steps, decoding. Each
prompt is new. Files are encoded by another thread while the next picture is drawn.
"""
import harness


def add_arguments(parser):
    parser.add_argument("--model", required=True, help="a diffusers folder of full size")
    parser.add_argument("--weights", choices=["auto", "fp8"], default="auto")


def run(arguments):
    return harness.json_of([harness.program("hanga-bench"), "queue", "--model", arguments.model,
                            "--weights", arguments.weights])
