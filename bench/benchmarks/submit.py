# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Durable SubmitJob from 64 clients, the empty unary call on the same server beside it.

hangad runs with no worker, so that jobs only queue; every answer stands for a commit on disk. Then
the same at half of the rate reached, each latency counted from when its call was due. What a call
costs in processor time, of the server and of the client, holds on a busy machine too.

Beside it on the same disk, where they are installed: PostgreSQL (single-row inserts by pgbench,
synchronous_commit on) and Redis Streams (XADD, appendfsync always; neither has an RPC framework,
checks of a request, or request ids). And what one fsync takes.
"""
import json
import pathlib
import tempfile

import harness
from peers import databases


def add_arguments(parser):
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1, help="client threads")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--no-peers", action="store_true", help="Hanga alone")


def run(arguments):
    with tempfile.TemporaryDirectory() as folder:
        figures = {**harness.busy_cores(), **harness.fsync_ms(folder)}
        model = pathlib.Path(folder) / "noop"
        model.mkdir()
        (model / "model_index.json").write_text(json.dumps({"_class_name": "HangaNoopPipeline"}))
        with harness.hangad([], {"noop": model}, "[queue]\nmax_tasks = 100_000_000\n") as address:
            figures |= harness.json_of(
                [harness.program("hanga-submit-load"), "--address", address, "--server-pid",
                 str(address.pid), "--clients", str(arguments.clients), "--threads",
                 str(arguments.threads), "--seconds", str(arguments.seconds)])
    if not arguments.no_peers:
        for peer in (databases.postgresql, databases.redis):
            figures |= peer(arguments.clients, arguments.seconds)
    figures["ratio_to_empty_call"] = figures["submit_per_s"] / figures["empty_call_per_s"]
    for peer in ("postgresql", "redis"):
        if f"peer_{peer}_per_s" in figures:
            figures[f"ratio_to_{peer}"] = figures["submit_per_s"] / figures[f"peer_{peer}_per_s"]
    return figures
