"""More tiny checkpoint folders of models that answer about images, each with inputs of its own."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as tf
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.idefics2.image_processing_pil_idefics2 import Idefics2ImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import (
    LlavaNextImageProcessorPil,
)
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from tests.support.checkpoints.chat import TEMPLATE, TEXT, TOWER, _ids, tokenizer
from tests.support.checkpoints.classifiers import SIDE, save

CLIP_TOWER = {**TOWER, "model_type": "clip_vision_model", "image_size": 32, "patch_size": 16}
SIGLIP_TOWER = {**TOWER, "model_type": "siglip_vision_model", "image_size": 32, "patch_size": 16}


def llava_next(folder: Path) -> Path:
    """LLaVA-NeXT: an image in tiles, as many tokens as its shape asks for."""
    torch.manual_seed(0)
    words = tokenizer("<image>")
    pins = [[32, 64], [64, 32], [64, 64]]
    config = tf.LlavaNextConfig(
        text_config=tf.LlamaConfig(**TEXT, **_ids(words), vocab_size=len(words)),
        vision_config=tf.CLIPVisionConfig(**CLIP_TOWER),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=pins,
        vision_feature_layer=-1,
    )
    images = LlavaNextImageProcessorPil(
        size={"shortest_edge": 32}, crop_size=SIDE, image_grid_pinpoints=pins
    )
    processor = tf.LlavaNextProcessor(
        images, words, patch_size=16, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=TEMPLATE,
    )  # fmt: skip
    return save(folder, tf.LlavaNextForConditionalGeneration(config), processor)


def idefics2(folder: Path) -> Path:
    """Idefics 2: images at their own shape, resampled to a few tokens."""
    torch.manual_seed(0)
    words = tokenizer("<image>", "<fake_token_around_image>", "<end_of_utterance>")
    config = tf.Idefics2Config(
        text_config=tf.MistralConfig(**TEXT, **_ids(words), vocab_size=len(words)),
        vision_config={**TOWER, "image_size": 32, "patch_size": 8},
        perceiver_config={
            "resampler_n_latents": 4, "resampler_depth": 1, "resampler_n_heads": 2,
            "num_key_value_heads": 1, "resampler_head_dim": 8, "hidden_size": 32,
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    images = Idefics2ImageProcessorPil(
        size={"shortest_edge": 24, "longest_edge": 32}, do_image_splitting=False
    )
    processor = tf.Idefics2Processor(images, words, image_seq_len=4, chat_template=TEMPLATE)
    return save(folder, tf.Idefics2ForConditionalGeneration(config), processor)


def paligemma(folder: Path) -> Path:
    """PaliGemma: attends to image and question both ways; it comes without a template."""
    torch.manual_seed(0)
    words = tokenizer("<image>")
    config = tf.PaliGemmaConfig(
        text_config=tf.GemmaConfig(**TEXT, **_ids(words), head_dim=16, vocab_size=len(words)),
        vision_config=tf.SiglipVisionConfig(**SIGLIP_TOWER),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        projection_dim=32,
        hidden_size=32,
    )
    images = SiglipImageProcessorPil(size=SIDE)
    images.image_seq_length = 4
    processor = tf.PaliGemmaProcessor(images, words)
    return save(folder, tf.PaliGemmaForConditionalGeneration(config), processor)


def gemma3(folder: Path) -> Path:
    """Gemma 3: an image is a few soft tokens between its marks."""
    torch.manual_seed(0)
    marks = {"image": "<image_soft_token>", "boi": "<start_of_image>", "eoi": "<end_of_image>"}
    words = tokenizer(*marks.values())
    words.save_pretrained(folder)
    words = tf.PreTrainedTokenizerFast.from_pretrained(
        folder, extra_special_tokens={f"{name}_token": mark for name, mark in marks.items()}
    )
    config = tf.Gemma3Config(
        text_config=tf.Gemma3TextConfig(
            **TEXT, **_ids(words), head_dim=16, vocab_size=len(words), sliding_window=64
        ),
        vision_config=tf.SiglipVisionConfig(**SIGLIP_TOWER),
        mm_tokens_per_image=4,
        image_token_index=words.convert_tokens_to_ids("<image_soft_token>"),
        boi_token_index=words.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=words.convert_tokens_to_ids("<end_of_image>"),
    )
    template = TEMPLATE.replace("'<' + part['type'] + '>'", "'<start_of_image>'")
    processor = tf.Gemma3Processor(
        Gemma3ImageProcessorPil(size=SIDE), words, chat_template=template, image_seq_length=4
    )
    net = tf.Gemma3ForConditionalGeneration(config)
    # Nothing before a training, so that no image would be seen.
    torch.nn.init.normal_(net.model.multi_modal_projector.mm_input_projection_weight)
    return save(folder, net, processor)


def blip2(folder: Path) -> Path:
    """BLIP-2: a Q-Former between tower and OPT; it comes without a template."""
    torch.manual_seed(0)
    words = tokenizer("<image>")
    config = tf.Blip2Config(
        vision_config={**TOWER, "image_size": 32, "patch_size": 16},
        qformer_config={**TOWER, "encoder_hidden_size": 32, "vocab_size": 32},
        text_config=tf.OPTConfig(
            hidden_size=32, ffn_dim=64, num_hidden_layers=2, num_attention_heads=2,
            vocab_size=len(words), word_embed_proj_dim=32, init_std=0.3, **_ids(words),
        ).to_dict(),
        num_query_tokens=4,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    processor = tf.Blip2Processor(BlipImageProcessorPil(size=SIDE), words, num_query_tokens=4)
    return save(folder, tf.Blip2ForConditionalGeneration(config), processor)
