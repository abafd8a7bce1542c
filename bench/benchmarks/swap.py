# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Two FLUX.1-dev transformers, kept in page-locked host memory, take turns on the device.

A swap drops one's weights and copies the other's; nothing is written back. Its bound is the bytes
over the link's bandwidth of the same run. Target: 1.1 x.
"""
import harness


def add_arguments(parser):
    parser.add_argument("--runs", type=int, default=6, help="swaps, 2 to 6")


def run(arguments):
    return harness.json_of([harness.program("hanga-bench"), "swap", "--runs", str(arguments.runs)])
