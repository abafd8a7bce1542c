# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Times diffusers' FLUX.1-dev step and VAE decode with random weights, bf16. Prints one JSON object.

  diffusers_flux.py --size 1024 [--compile] [--vae]
"""
import argparse
import json
import statistics
import time

import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel


def milliseconds(work, warm_up=4, runs=20):
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
    with torch.device("meta"):
        model = make()
    model = model.to_empty(device="cuda").to(torch.bfloat16).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0.0 if parameter.dim() > 1 else 1.0, 0.02)
    return model


def flux_step(size, compile_too):
    model = on_device(lambda: FluxTransformer2DModel(guidance_embeds=True))
    tokens = (size // 16) ** 2
    options = {"device": "cuda", "dtype": torch.bfloat16}
    inputs = {
        "hidden_states": torch.randn(1, tokens, 64, **options),
        "encoder_hidden_states": torch.randn(1, 512, 4096, **options),
        "pooled_projections": torch.randn(1, 768, **options),
        "timestep": torch.full((1,), 0.5, **options),
        "guidance": torch.full((1,), 3.5, device="cuda"),
        "img_ids": torch.zeros(tokens, 3, device="cuda"),
        "txt_ids": torch.zeros(512, 3, device="cuda"),
        "return_dict": False,
    }
    figures = {"peer_eager_ms": milliseconds(lambda: model(**inputs))}
    if compile_too:
        compiled = torch.compile(model, fullgraph=True)
        start = time.perf_counter()
        compiled(**inputs)
        torch.cuda.synchronize()
        figures["peer_compiling_s"] = time.perf_counter() - start
        figures["peer_compiled_ms"] = milliseconds(lambda: compiled(**inputs))
    return figures


def vae_decode(size):
    vae = on_device(lambda: AutoencoderKL(
        latent_channels=16, block_out_channels=(128, 256, 512, 512), layers_per_block=2,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        use_quant_conv=False, use_post_quant_conv=False))
    latent = torch.randn(1, 16, size // 8, size // 8, device="cuda", dtype=torch.bfloat16)
    return {"peer_vae_decode_ms": milliseconds(lambda: vae.decode(latent, return_dict=False))}


parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int, default=1024)
parser.add_argument("--compile", action="store_true")
parser.add_argument("--vae", action="store_true")
arguments = parser.parse_args()
with torch.inference_mode():
    result = vae_decode(arguments.size) if arguments.vae else flux_step(arguments.size, arguments.compile)
print(json.dumps(result))
