# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""One guided step of Stable Diffusion XL at 1024 pixels on this machine's GPU, its floor, and diffusers beside it.

Both prompts are one batch, in bf16. Ours runs with its products tuned under sustained load before and
after the peer; a drift above 2 % voids the run. The peer needs a Python with diffusers.
"""
import unet_steps

add_arguments = unet_steps.add_arguments


def run(arguments):
    return unet_steps.measure("sdxl", 1024, arguments)
