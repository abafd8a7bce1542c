# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Times diffusers' FluxPipeline on a folder, bfloat16 on the GPU. Prints one JSON object.

  diffusers_picture.py FOLDER --size 1024 --steps 28 [--pictures 2]
"""
import argparse
import json
import statistics
import time

import torch
from diffusers import FluxPipeline

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--size", type=int, default=1024)
parser.add_argument("--steps", type=int, default=28)
parser.add_argument("--pictures", type=int, default=2)
arguments = parser.parse_args()

begin = time.perf_counter()
pipeline = FluxPipeline.from_pretrained(arguments.folder, torch_dtype=torch.bfloat16).to("cuda")
pipeline.set_progress_bar_config(disable=True)
torch.cuda.synchronize()
figures = {"peer_load_s": time.perf_counter() - begin}
seconds = []
for number in range(arguments.pictures + 1):
    begin = time.perf_counter()
    pipeline(f"{number} boats on the sea", height=arguments.size, width=arguments.size,
             num_inference_steps=arguments.steps, guidance_scale=3.5,
             generator=torch.Generator("cpu").manual_seed(number))
    torch.cuda.synchronize()
    seconds.append(time.perf_counter() - begin)
figures["peer_first_picture_ms"] = 1e3 * seconds[0]
figures["peer_picture_ms"] = 1e3 * statistics.median(seconds[1:])
print(json.dumps(figures))
