#!/usr/bin/env python3
# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Draws what each dashboard shows: docs/images/dashboard-*.png.

A real hangad with three CPU workers works off a mixed load of the demo model, once as a whole and once
with its blocks streamed; a real Prometheus scrapes it every second, and matplotlib draws the panels
from that Prometheus' data, with the expressions, titles and units of deploy/grafana.
    HANGA_BIN=build/release/bin tests/deploy/draw_dashboards.py [SECONDS]
"""
import io
import itertools
import json
import re
import subprocess
import sys
import threading
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import PIL.Image  # noqa: E402

import prometheus_test  # noqa: E402
import served  # noqa: E402


def load(hangad, stop):
    """Clients of two models and three priorities; some cancel, one worker is killed half-way."""
    def client(number):
        for i in itertools.count():
            if stop.is_set():
                return
            model = hangad.models[(number + i) % len(hangad.models)]
            job = hangad.submit("--model", model, "--priority", ("low", "normal", "high")[i % 3],
                                images=1 + i % 4, steps=8)
            hangad.hanga("cancel" if i % 9 == 8 else "watch", job, check=False)
    threads = [threading.Thread(target=client, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    return threads


def legend(template, labels):
    return re.sub(r"\{\{(\w+)\}\}", lambda m: labels.get(m.group(1), ""), template)


def draw(prometheus, path, begin, end, target):
    dashboard = json.loads(path.read_text())
    panels = dashboard["panels"]
    figure, axes = plt.subplots(-(-len(panels) // 3), 3, figsize=(16, 10), layout="constrained")
    figure.suptitle(dashboard["title"], fontsize=16)
    for panel, axis in zip(panels, axes.flat):
        axis.set_title(f'{panel["title"]} ({panel["fieldConfig"]["defaults"]["unit"]})', fontsize=10)
        for query in panel["targets"]:
            # Rates over a shorter time than in production, since the run is short.
            expression = prometheus_test.with_variables(query["expr"]).replace("[5m]", "[20s]")
            answer = prometheus.api("query_range", start=begin, end=end, step=1,
                                    query=expression)
            for series in answer.get("data", {}).get("result", []):
                values = [(float(t) - begin, float(v)) for t, v in series["values"] if v != "NaN"]
                if values:
                    axis.plot(*zip(*values), label=legend(query["legendFormat"], series["metric"]))
        axis.set_ylim(bottom=0)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend(fontsize=6, loc="upper left")
        else:
            axis.text(0.5, 0.5, "no data in this run", ha="center", transform=axis.transAxes)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=60)
    plt.close(figure)
    # Few colours are enough, and a repository keeps every picture for ever.
    PIL.Image.open(drawn).convert("RGB").quantize(48).save(target, optimize=True)


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 90
    models = "".join(
        f'[[model]]\nname = "{name}"\npath = "{served.SOURCE / "models/demo"}"\n{levers}'
        for name, levers in (("demo", ""), ("streamed", 'vram_limit = "64mb"\n')))
    hangad = served.Hangad(workers=3, models=(), program="hanga-worker",
                           more='restart_least = "10ms"\n[canary]\nmodel = "demo"\n'
                                f'interval = "10s"\n{models}')
    hangad.models = ("demo", "streamed")
    prometheus = None
    stop = threading.Event()
    threads = []
    try:
        hangad.await_ready()
        prometheus = prometheus_test.Prometheus(served.find_program("prometheus"),
                                                f"127.0.0.1:{hangad.metrics_port}")
        begin = time.time()
        threads = load(hangad, stop)
        time.sleep(seconds / 2)
        worker = json.loads(hangad.hanga("workers", "--json").stdout.splitlines()[0])["worker"]
        subprocess.run(["kill", "-9", str(worker["pid"])], check=True)
        time.sleep(seconds / 2)
        end = time.time()
        images = served.SOURCE / "docs/images"
        for path in sorted((served.SOURCE / "deploy/grafana").glob("*.json")):
            draw(prometheus, path, begin, end,
                 images / f'dashboard-{path.stem.removeprefix("hanga-")}.png')
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        if prometheus is not None:
            prometheus.stop()
        hangad.stop()


if __name__ == "__main__":
    main()
