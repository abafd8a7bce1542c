# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What the peers of one step share: models with random weights on the GPU, and the time of work there."""
import statistics

import torch


def milliseconds(work, warm_up=4, runs=20):
    """The median of `runs` calls by the device's clock, after `warm_up` ones."""
    for _ in range(warm_up):
        work()
    times = []
    for _ in range(runs):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return statistics.median(times)


def on_device(make):
    """What `make` declares, in bfloat16 on the GPU; its weights are made there."""
    with torch.device("meta"):
        model = make()
    model = model.to_empty(device="cuda").to(torch.bfloat16).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0.0 if parameter.dim() > 1 else 1.0, 0.02)
    return model
