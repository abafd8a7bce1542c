# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""How long the planner takes for FLUX.1-dev, 60 blocks with text encoders and VAE, on 1 to 8 GPUs.

Rigs of equal GPUs of 8 to 80 GiB over NVLink of 12 GB/s; every mode is planned and compared. Target:
10 ms for any of them.
"""
import harness


def add_arguments(parser):
    del parser


def run(arguments):
    del arguments
    return harness.json_of([harness.program("hanga-plan-bench")])
