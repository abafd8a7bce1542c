# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Times diffusers' FLUX.1-dev step and VAE decode with random weights, bf16. Prints one JSON object.

  diffusers_flux.py --size 1024 [--compile] [--vae] [--offload block leaf]

Of several offloads each prints an object with what is known so far, so that a run that is cut short
still says something.
"""
import argparse
import json
import time

import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel

from random_models import milliseconds, on_device


def locked_weights():
    """The transformer's weights in page-locked memory, where group offload leaves them as they are."""
    with torch.device("meta"):
        model = FluxTransformer2DModel(guidance_embeds=True)
    weights = {}
    for key, parameter in model.state_dict().items():  # made on the GPU: a CPU would take minutes
        weights[key] = torch.empty(parameter.shape, dtype=torch.bfloat16, pin_memory=True)
        weights[key].copy_(torch.empty(parameter.shape, dtype=torch.bfloat16, device="cuda").normal_(
            0.0 if parameter.dim() > 1 else 1.0, 0.02))
    return weights


def offloaded(weights, offload):
    """The transformer in host memory, its weights brought for each use by diffusers' hooks."""
    from diffusers.hooks import apply_group_offloading
    with torch.device("meta"):
        model = FluxTransformer2DModel(guidance_embeds=True)
    model = model.to(torch.bfloat16).eval()
    model.load_state_dict(weights, assign=True)
    options = {"num_blocks_per_group": 1} if offload == "block" else {}
    apply_group_offloading(model, onload_device=torch.device("cuda"), offload_device=torch.device("cpu"),
                           offload_type=f"{offload}_level", non_blocking=True, use_stream=True, **options)
    return model


def flux_inputs(size):
    tokens = (size // 16) ** 2
    options = {"device": "cuda", "dtype": torch.bfloat16}
    return {
        "hidden_states": torch.randn(1, tokens, 64, **options),
        "encoder_hidden_states": torch.randn(1, 512, 4096, **options),
        "pooled_projections": torch.randn(1, 768, **options),
        "timestep": torch.full((1,), 0.5, **options),
        "guidance": torch.full((1,), 3.5, device="cuda"),
        "img_ids": torch.zeros(tokens, 3, device="cuda"),
        "txt_ids": torch.zeros(512, 3, device="cuda"),
        "return_dict": False,
    }


def offloaded_steps(size, offloads, runs):
    weights, inputs, figures = locked_weights(), flux_inputs(size), {}
    for offload in offloads:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        model = offloaded(weights, offload)
        figures[f"peer_{offload}_offload_ms"] = milliseconds(lambda: model(**inputs), 2, runs)
        figures[f"peer_{offload}_offload_peak_gib"] = torch.cuda.max_memory_reserved() / 2**30
        print(json.dumps(figures), flush=True)
        del model
    return figures


def flux_step(size, compile_too):
    model = on_device(lambda: FluxTransformer2DModel(guidance_embeds=True))
    inputs = flux_inputs(size)
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
parser.add_argument("--offload", choices=["block", "leaf"], nargs="+", help="time group offload instead")
parser.add_argument("--runs", type=int, default=10, help="of group offload")
arguments = parser.parse_args()
with torch.no_grad() if arguments.offload else torch.inference_mode():  # its hooks repoint parameters
    if arguments.offload:
        result = offloaded_steps(arguments.size, arguments.offload, arguments.runs)
    elif arguments.vae:
        result = vae_decode(arguments.size)
    else:
        result = flux_step(arguments.size, arguments.compile)
print(json.dumps(result))
