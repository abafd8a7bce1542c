# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What hangad adds to a worker's own time: submit to start, and the whole of Generate.

One idle CPU worker draws 64x64 pictures with a model without weights, one after the other: nearly
all of the time of a call is Hanga's.
"""
import json
import pathlib
import tempfile

import harness


def add_arguments(parser):
    parser.add_argument("--jobs", type=int, default=500)


def run(arguments):
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "noop"
        model.mkdir()
        (model / "model_index.json").write_text(
            json.dumps({"_class_name": "HangaNoopPipeline", "step_ms": 0}))
        with harness.hangad(["cpu:0"], {"noop": model}) as address:
            return harness.json_of([harness.program("hanga-overhead"), "--address", address,
                                    "--jobs", str(arguments.jobs)])
