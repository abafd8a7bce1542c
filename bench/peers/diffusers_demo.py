# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Times diffusers on the demo model: MODEL PROMPT STEPS PICTURES. Prints one JSON object."""
import json
import sys
import time

import torch
from diffusers import FluxPipeline

model, prompt, steps, pictures = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
pipe = FluxPipeline.from_pretrained(model, torch_dtype=torch.float32)
pipe.set_progress_bar_config(disable=True)

seconds = []
for seed in range(pictures + 1):
    start = time.perf_counter()
    pipe(prompt, num_inference_steps=steps, width=256, height=256, guidance_scale=0.0,
         max_sequence_length=64, generator=torch.Generator("cpu").manual_seed(seed))
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds[1:]}))
