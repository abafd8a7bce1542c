# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Durable SubmitJob from 64 clients, the empty unary call on the same server beside it.

hangad runs with no worker, so that jobs only queue; every answer stands for a commit on disk. Then
the same at half of the rate reached, each latency counted from when its call was due.
single-row inserts (pgbench, 64 clients, synchronous_commit on) run beside where they are installed.
"""
import json
import pathlib
import tempfile

import harness


def add_arguments(parser):
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1, help="client threads")
    parser.add_argument("--seconds", type=float, default=5)


def run(arguments):
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "noop"
        model.mkdir()
        (model / "model_index.json").write_text(json.dumps({"_class_name": "HangaNoopPipeline"}))
        with harness.hangad([], {"noop": model}, "[queue]\nmax_tasks = 100_000_000\n") as address:
            return harness.json_of(
                [harness.program("hanga-submit-load"), "--address", address, "--clients",
                 str(arguments.clients), "--threads", str(arguments.threads), "--seconds",
                 str(arguments.seconds)])
