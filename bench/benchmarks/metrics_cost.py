# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What metrics cost: hangad's processor time for a job with and without them, and a scrape.

One CPU worker draws 64x64 pictures with a model without weights, one after the other; hangad's own
processor time is read from /proc, so that a busy machine disturbs little. With metrics it is
scraped every second, five times as often as Prometheus would. Rounds alternate.
"""
import json
import pathlib
import statistics
import tempfile
import threading
import time
import urllib.request

import harness


def add_arguments(parser):
    parser.add_argument("--jobs", type=int, default=300, help="pictures of a round")
    parser.add_argument("--rounds", type=int, default=3)


def _processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _scrape(port, times, stop):
    while not stop.wait(1):
        begin = time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
            times.append((time.monotonic() - begin, len(page.read())))


def _round(folder, model, jobs, metrics, times):
    port_file = pathlib.Path(folder) / "metrics_port"
    port_file.unlink(missing_ok=True)
    worker = f'program = "{harness.program("hanga-noop-worker")}"\n'
    more = f'[metrics]\nlisten = "127.0.0.1:0"\nport_file = "{port_file}"\n' if metrics else ""
    stop = threading.Event()
    with harness.hangad(["cpu:0"], {"noop": model}, worker + more) as address:
        scraper = None
        if metrics:
            scraper = threading.Thread(target=_scrape, args=(port_file.read_text().strip(), times, stop))
            scraper.start()
        begin = _processor_seconds(address.pid)
        figures = harness.json_of([harness.program("hanga-overhead"), "--address", address,
                                   "--jobs", str(jobs)])
        used = _processor_seconds(address.pid) - begin
        stop.set()
        if scraper is not None:
            scraper.join()
    return used / jobs * 1e6, figures


def run(arguments):
    without, with_metrics, times = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "noop"
        model.mkdir()
        (model / "model_index.json").write_text(
            json.dumps({"_class_name": "HangaNoopPipeline", "step_ms": 0}))
        for _ in range(arguments.rounds):
            without.append(_round(folder, model, arguments.jobs, False, times)[0])
            with_metrics.append(_round(folder, model, arguments.jobs, True, times)[0])
    off, on = statistics.median(without), statistics.median(with_metrics)
    return {"cpu_us_per_job_without_metrics": off, "cpu_us_per_job_with_metrics": on,
            "metrics_cpu_us_per_job": on - off,
            "scrape_ms_p50": statistics.median(t for t, _ in times) * 1000 if times else 0.0,
            "scrape_bytes": float(max((size for _, size in times), default=0))}
