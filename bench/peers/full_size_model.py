# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a FLUX.1-dev of full size with random weights, a diffusers folder in bfloat16 of 33.7 GB.

  full_size_model.py FOLDER DEMO    DEMO: models/demo, whose tokenizers and scheduler it takes

Every network has the sizes of the real one, so that loading and drawing cost the same; the pictures
are noise. Needs diffusers and transformers, for the names and shapes of the weights.
"""
import json
import pathlib
import shutil
import sys

import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

RANDOM_VALUES = 1 << 26  # written again and again: as good as fresh ones, and no slower than the disk


def networks():
    with torch.device("meta"):
        yield "transformer", "diffusion_pytorch_model", FluxTransformer2DModel(guidance_embeds=True)
        yield "vae", "diffusion_pytorch_model", AutoencoderKL(
            latent_channels=16, block_out_channels=(128, 256, 512, 512), layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
            use_quant_conv=False, use_post_quant_conv=False, sample_size=1024, norm_num_groups=32,
            scaling_factor=0.3611, shift_factor=0.1159)
        yield "text_encoder", "model", CLIPTextModel(CLIPTextConfig(
            hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
            projection_dim=768, vocab_size=49408, eos_token_id=655, bos_token_id=654, pad_token_id=655))
        yield "text_encoder_2", "model", T5EncoderModel(T5Config(
            d_model=4096, d_ff=10240, d_kv=64, num_heads=64, num_layers=24, vocab_size=32128,
            feed_forward_proj="gated-gelu"))


def write_weights(path, model, random, ones):
    tensors, offset = {}, 0
    state = {key: value for key, value in model.state_dict().items() if not key.endswith("position_ids")}
    state.pop("encoder.embed_tokens.weight", None)  # T5's table once, as "shared.weight"
    if isinstance(model, CLIPTextModel):  # as it is stored, whatever a library calls it in memory
        state = {key if key.startswith("text_model.") else "text_model." + key: value
                 for key, value in state.items()}
    for key, value in state.items():
        end = offset + 2 * value.numel()
        tensors[key] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": [offset, end]}
        offset = end
    header = json.dumps(tensors).encode()
    header += b" " * (-len(header) % 64 + 56)  # so that the data begin where a cache line does
    with open(path, "wb", buffering=0) as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for key, value in state.items():
            # Vectors that scale a norm's result are about one.
            source = ones if value.dim() == 1 and key.endswith("weight") else random
            left = 2 * value.numel()
            while left:
                left -= file.write(source[: min(left, len(source))])


def main():
    folder, demo = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    random = memoryview((torch.randn(RANDOM_VALUES) * 0.02).bfloat16().view(torch.uint8).numpy())
    ones = memoryview(torch.ones(1 << 16).bfloat16().view(torch.uint8).numpy())
    for name, file, model in networks():
        (folder / name).mkdir(exist_ok=True)
        if hasattr(model, "save_config"):
            model.save_config(folder / name)
        else:
            model.config.architectures = [type(model).__name__]
            model.config.save_pretrained(folder / name)
        write_weights(folder / name / f"{file}.safetensors", model, random, ones)
    for name in ("tokenizer", "tokenizer_2"):
        shutil.copytree(demo / name, folder / name, dirs_exist_ok=True)
    (folder / "scheduler").mkdir(exist_ok=True)
    (folder / "scheduler/scheduler_config.json").write_text(json.dumps({
        "_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0,
        "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256,
        "max_image_seq_len": 4096}))
    shutil.copy(demo / "model_index.json", folder / "model_index.json")


main()
