# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a model of full size with random weights, a diffusers folder in bfloat16: FLUX.1-dev of
33.7 GB, or SDXL of 6.9 GB.

  full_size_model.py FOLDER DEMO [--model flux|sdxl]    DEMO: models/demo, whose tokenizers it takes

Every network has the sizes of the real one, so that loading and drawing cost the same; the pictures
are noise. Needs diffusers and transformers, for the names and shapes of the weights.
"""
import argparse
import json
import pathlib
import shutil

import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel, UNet2DConditionModel
from transformers import (CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, T5Config,
                          T5EncoderModel)

RANDOM_VALUES = 1 << 26  # written again and again: as good as fresh ones, and no slower than the disk


def autoencoder(**sizes):
    return AutoencoderKL(
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, sample_size=1024,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=32, **sizes)


def clip_l():
    return CLIPTextModel(CLIPTextConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
        projection_dim=768, vocab_size=49408, eos_token_id=655, bos_token_id=654, pad_token_id=655))


def sdxl():
    with torch.device("meta"):
        yield "unet", "diffusion_pytorch_model", UNet2DConditionModel(
            sample_size=128, block_out_channels=(320, 640, 1280), layers_per_block=2,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 2, 10), attention_head_dim=(5, 10, 20),
            cross_attention_dim=2048, use_linear_projection=True, addition_embed_type="text_time",
            addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816)
        yield "vae", "diffusion_pytorch_model", autoencoder(latent_channels=4, scaling_factor=0.13025)
        yield "text_encoder", "model", clip_l()
        yield "text_encoder_2", "model", CLIPTextModelWithProjection(CLIPTextConfig(
            hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=20,
            projection_dim=1280, hidden_act="gelu", vocab_size=49408, eos_token_id=655,
            bos_token_id=654, pad_token_id=655))


def flux():
    with torch.device("meta"):
        yield "transformer", "diffusion_pytorch_model", FluxTransformer2DModel(guidance_embeds=True)
        yield "vae", "diffusion_pytorch_model", autoencoder(
            latent_channels=16, use_quant_conv=False, use_post_quant_conv=False, scaling_factor=0.3611,
            shift_factor=0.1159)
        yield "text_encoder", "model", clip_l()
        yield "text_encoder_2", "model", T5EncoderModel(T5Config(
            d_model=4096, d_ff=10240, d_kv=64, num_heads=64, num_layers=24, vocab_size=32128,
            feed_forward_proj="gated-gelu"))


MODELS = {
    "flux": (flux, "tokenizer_2", {
        "_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0,
        "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256,
        "max_image_seq_len": 4096}),
    "sdxl": (sdxl, "tokenizer", {
        "_class_name": "EulerDiscreteScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085,
        "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": "epsilon",
        "timestep_spacing": "leading", "steps_offset": 1}),
}


def write_weights(path, model, random, ones):
    tensors, offset = {}, 0
    state = {key: value for key, value in model.state_dict().items() if not key.endswith("position_ids")}
    state.pop("encoder.embed_tokens.weight", None)  # T5's table once, as "shared.weight"
    if isinstance(model, (CLIPTextModel, CLIPTextModelWithProjection)):  # as it is stored, whatever a library calls it in memory
        state = {key if key.startswith(("text_model.", "text_projection.")) else "text_model." + key: value
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("demo", type=pathlib.Path)
    parser.add_argument("--model", choices=list(MODELS), default="flux")
    arguments = parser.parse_args()
    folder, demo = arguments.folder, arguments.demo
    networks, second_tokenizer, scheduler = MODELS[arguments.model]
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
    shutil.copytree(demo / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    shutil.copytree(demo / second_tokenizer, folder / "tokenizer_2", dirs_exist_ok=True)
    (folder / "scheduler").mkdir(exist_ok=True)
    (folder / "scheduler/scheduler_config.json").write_text(json.dumps(scheduler))
    index = json.loads((demo / "model_index.json").read_text())
    if arguments.model == "sdxl":
        index = {"_class_name": "StableDiffusionXLPipeline", "force_zeros_for_empty_prompt": True,
                 "scheduler": ["diffusers", "EulerDiscreteScheduler"],
                 "text_encoder": ["transformers", "CLIPTextModel"],
                 "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
                 "tokenizer": ["transformers", "CLIPTokenizer"],
                 "tokenizer_2": ["transformers", "CLIPTokenizer"],
                 "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
    (folder / "model_index.json").write_text(json.dumps(index))


main()
