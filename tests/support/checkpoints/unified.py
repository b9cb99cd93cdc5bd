"""Tiny checkpoint folders of models that write and draw by tokens, with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers as tf
from transformers.models.chameleon.image_processing_pil_chameleon import ChameleonImageProcessorPil
from transformers.models.janus.image_processing_pil_janus import JanusImageProcessorPil

from tests.support.checkpoints.chat import TEMPLATE, TEXT
from tests.support.checkpoints.parts import WIDE_TOWER, end_ids, letter_tokenizer, save

SIDE = {"height": 16, "width": 16}
CODES = {"embed_dim": 4, "latent_channels": 32, "base_channels": 32, "num_res_blocks": 1}


def tokenizer(special: list[str], **named: str) -> Any:
    """Return a tokenizer of letters, special tokens, and those that the processors know by name."""
    more = {"extra_special_tokens": special, "model_specific_special_tokens": named}
    return letter_tokenizer(sep_token="<sep>", **more)


def janus(folder: Path) -> Path:
    """Janus that sees and draws 16 pixels as 16 tokens."""
    torch.manual_seed(0)
    words = tokenizer([], image_token="<image>", boi_token="<boi>", eoi_token="<eoi>")
    vision = {**WIDE_TOWER, "image_size": 16, "patch_size": 4, "num_image_tokens": 16}
    codes = {"num_embeddings": 32, "channel_multiplier": [1, 1, 1], "num_hidden_layers": 2}
    config = tf.JanusConfig(
        text_config=tf.LlamaConfig(**TEXT, **end_ids(words), vocab_size=len(words)),
        vision_config={**vision, "projection_dim": 32, "mlp_ratio": 2.0},
        vq_config={**CODES, **codes, "projection_dim": 32, "image_token_embed_dim": 32},
        image_token_id=words.image_token_id,
    )
    processor = tf.JanusProcessor(
        JanusImageProcessorPil(size=SIDE), words, chat_template=TEMPLATE, num_image_tokens=16
    )
    net = tf.JanusForConditionalGeneration(config)
    net.generation_config = tf.GenerationConfig(**end_ids(words), do_sample=True, temperature=0.1)
    return save(folder, net, processor)


def emu3(folder: Path, *, template: str | None = TEMPLATE) -> Path:
    """Emu3 of 32 image tokens, each 8 pixels wide."""
    torch.manual_seed(0)
    codes = [*(f"<|visual token {i:06d}|>" for i in range(32)), "<|extra_200|>"]
    words = tokenizer(
        codes, image_token="<image>", boi_token="<|image start|>", eoi_token="<|image end|>",
        image_wrapper_token="<|image token|>", eof_token="<|extra_201|>",
    )  # fmt: skip
    shape = {"codebook_size": 32, "channel_multiplier": [1] * 4, "attn_resolutions": [3]}
    config = tf.Emu3Config(
        text_config={**TEXT, **end_ids(words), "vocab_size": len(words)},
        vq_config={**CODES, **shape, "latent_channels": 4, "hidden_size": 32},
        vocabulary_map={code: words.convert_tokens_to_ids(code) for code in [*codes, "<image>"]},
    )
    images = tf.Emu3ImageProcessor(min_pixels=16 * 16, max_pixels=32 * 32)
    processor = tf.Emu3Processor(images, words, chat_template=template)
    net = tf.Emu3ForConditionalGeneration(config)
    net.generation_config = tf.GenerationConfig(**end_ids(words), do_sample=True, top_k=3)
    return save(folder, net, processor)


def chameleon(folder: Path) -> Path:
    """Chameleon of ten image tokens, which are named by letters; it has no chat template."""
    torch.manual_seed(0)
    codes = [f"IMGIMG{letter}Z" for letter in "ABCDEFGHIJ"]
    words = tokenizer([*codes, "<racm3:break>", "<eoss>"], image_token="<image>")
    shape = {"num_embeddings": 10, "resolution": 16, "channel_multiplier": [1, 1, 1]}
    config = tf.ChameleonConfig(
        **TEXT, **end_ids(words), vocab_size=len(words), vq_config={**CODES, **shape},
        vocabulary_map={code: words.convert_tokens_to_ids(code) for code in [*codes, "<image>"]},
    )  # fmt: skip
    images = ChameleonImageProcessorPil(size={"shortest_edge": 16}, crop_size=SIDE)
    processor = tf.ChameleonProcessor(images, words, image_seq_length=16)
    net = tf.ChameleonForConditionalGeneration(config)
    net.generation_config = tf.GenerationConfig(**end_ids(words))
    return save(folder, net, processor)
