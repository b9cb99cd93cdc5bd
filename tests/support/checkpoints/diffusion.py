"""Tiny checkpoint folders of models that draw, with random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers as tf
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from tests.support.checkpoints import contrastive
from tests.support.checkpoints.parts import TOWER, save

BLOCKS = {
    "block_out_channels": (16, 16), "norm_num_groups": 8, "latent_channels": 4,
    "down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2,
}  # fmt: skip


def stable_diffusion(folder: Path) -> Path:
    """Stable Diffusion of 16 pixels."""
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )

    torch.manual_seed(0)
    words = _tokenizer()
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(16, 32), layers_per_block=1, cross_attention_dim=32,
        attention_head_dim=8, norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    pipeline = StableDiffusionPipeline(
        AutoencoderKL(**BLOCKS), tf.CLIPTextModel(_text(words)), words, unet,
        DDIMScheduler(clip_sample=False, steps_offset=1), None, None,
        requires_safety_checker=False,
    )  # fmt: skip
    return save(folder, pipeline)


def _tokenizer() -> Any:
    words = contrastive.clip_tokenizer()
    words.model_max_length = contrastive.TOKENS
    return words


def _text(words: Any) -> Any:
    return tf.CLIPTextConfig(
        **TOWER, vocab_size=len(words), max_position_embeddings=contrastive.TOKENS,
        projection_dim=16, eos_token_id=words.eos_token_id,
    )  # fmt: skip


def guarded(folder: Path, *, threshold: float) -> Path:
    """Stable Diffusion whose safety checker refuses images that are nearer than `threshold`."""
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker

    stable_diffusion(folder)
    towers = {"vision_config": {**TOWER, "image_size": 16, "patch_size": 8}, "text_config": TOWER}
    checker = StableDiffusionSafetyChecker(tf.CLIPConfig(**towers, projection_dim=8))
    for name in ("concept_embeds_weights", "special_care_embeds_weights"):
        torch.nn.init.constant_(getattr(checker, name), threshold)
    side = {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
    save(folder / "safety_checker", checker)
    save(folder / "feature_extractor", CLIPImageProcessorPil(**side))
    index = json.loads((folder / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    index["feature_extractor"] = ["transformers", "CLIPImageProcessorPil"]
    index["requires_safety_checker"] = True
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def stable_diffusion_3(folder: Path) -> Path:
    """Stable Diffusion 3 of 16 pixels: a diffusion transformer, two CLIP towers, no T5."""
    from diffusers import (
        AutoencoderKL,
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3Pipeline,
    )

    torch.manual_seed(0)
    words = _tokenizer()
    texts = [tf.CLIPTextModelWithProjection(_text(words)) for _ in range(2)]
    transformer = SD3Transformer2DModel(
        sample_size=8, patch_size=1, in_channels=4, num_layers=1, attention_head_dim=8,
        num_attention_heads=4, joint_attention_dim=64, caption_projection_dim=32,
        pooled_projection_dim=32, out_channels=4, pos_embed_max_size=16,
    )  # fmt: skip
    plain = {"use_quant_conv": False, "use_post_quant_conv": False}
    vae = AutoencoderKL(**BLOCKS, **plain, shift_factor=0.06)
    pipeline = StableDiffusion3Pipeline(
        transformer, FlowMatchEulerDiscreteScheduler(), vae,
        texts[0], words, texts[1], words, None, None,
    )  # fmt: skip
    return save(folder, pipeline)
