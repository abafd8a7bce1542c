# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Times a guided step of diffusers' SDXL or SD 1.5 UNet with random weights, bf16, channels last.

  diffusers_unet.py sdxl|sd15 --size 1024 [--compile]     prints one JSON object
"""
import argparse
import json
import time

import torch
from diffusers import UNet2DConditionModel

from random_models import milliseconds, on_device
from unet_configs import SD15, SDXL


def inputs_of(config, size):
    options = {"device": "cuda", "dtype": torch.bfloat16}
    latents = torch.randn(2, 4, size // 8, size // 8, **options).to(memory_format=torch.channels_last)
    inputs = {"sample": latents, "timestep": torch.tensor(500.0, device="cuda"),
              "encoder_hidden_states": torch.randn(2, 77, config["cross_attention_dim"], **options),
              "return_dict": False}
    if "addition_embed_type" in config:
        inputs["added_cond_kwargs"] = {"text_embeds": torch.randn(2, 1280, **options),
                                       "time_ids": torch.full((2, 6), 1024.0, **options)}
    return inputs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=["sdxl", "sd15"])
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    config = SDXL if arguments.model == "sdxl" else SD15
    model = on_device(lambda: UNet2DConditionModel(**config)).to(memory_format=torch.channels_last)
    inputs = inputs_of(config, arguments.size)
    figures = {"peer_eager_ms": milliseconds(lambda: model(**inputs), 10, 30)}
    if arguments.compile:
        compiled = torch.compile(model, fullgraph=True)
        begin = time.perf_counter()
        compiled(**inputs)
        torch.cuda.synchronize()
        figures["peer_compiling_s"] = time.perf_counter() - begin
        figures["peer_compiled_ms"] = milliseconds(lambda: compiled(**inputs), 10, 30)
    print(json.dumps(figures))


with torch.inference_mode():
    main()
