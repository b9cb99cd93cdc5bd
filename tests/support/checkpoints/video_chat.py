"""Tiny checkpoint folders of models that watch videos; their video processors need torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers as tf
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import (
    LlavaNextImageProcessorPil,
)
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import (
    LlavaOnevisionImageProcessorPil,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

from tests.support.checkpoints.chat import CLIP_TOWER, TEMPLATE, TEXT
from tests.support.checkpoints.parts import (
    NAMES,
    SIDE,
    WIDE_TOWER,
    end_ids,
    labels,
    letter_tokenizer,
    save,
)

QWEN_SIDES = {"min_pixels": 28 * 28, "max_pixels": 28 * 28 * 4}
QWEN = TEMPLATE.replace(
    "{{ '<' + part['type'] + '>' }}",
    "{{ '<|vision_start|><|' + part['type'] + '_pad|><|vision_end|>' }}",
)


def llava_next_video(folder: Path) -> Path:
    """LLaVA-NeXT-Video: a CLIP tower for each frame, pooled 2 x 2."""
    torch.manual_seed(0)
    words = letter_tokenizer("<image>", "<video>")
    config = tf.LlavaNextVideoConfig(
        text_config=tf.LlamaConfig(**TEXT, **end_ids(words), vocab_size=len(words)),
        vision_config=tf.CLIPVisionConfig(**CLIP_TOWER),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=[[32, 32]],
        vision_feature_layer=-1,
    )
    processor = tf.LlavaNextVideoProcessor(
        tokenizer=words,
        image_processor=LlavaNextImageProcessorPil(
            size={"shortest_edge": 32}, crop_size=SIDE, image_grid_pinpoints=[[32, 32]]
        ),
        video_processor=tf.LlavaNextVideoVideoProcessor(size={"shortest_edge": 32}, crop_size=SIDE),
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    return save(folder, tf.LlavaNextVideoForConditionalGeneration(config), processor)


def video_llava(folder: Path) -> Path:
    """VideoLLaVA: one tower for images, one for eight frames."""
    torch.manual_seed(0)
    words = letter_tokenizer("<image>", "<video>")
    config = tf.VideoLlavaConfig(
        text_config=tf.LlamaConfig(**TEXT, **end_ids(words), vocab_size=len(words)),
        vision_config=tf.CLIPVisionConfig(**CLIP_TOWER),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"),
        vision_feature_layer=-1,
        image_seq_length=4,
        video_seq_length=4 * 8,
    )
    processor = tf.VideoLlavaProcessor(
        tokenizer=words,
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE),
        video_processor=tf.VideoLlavaVideoProcessor(size={"shortest_edge": 32}, crop_size=SIDE),
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    return save(folder, tf.VideoLlavaForConditionalGeneration(config), processor)


def smolvlm(folder: Path) -> Path:
    """SmolVLM: frames as images, each behind its time in the prompt."""
    torch.manual_seed(0)
    words = letter_tokenizer(
        "<image>", "<video>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>",
    )  # fmt: skip
    config = tf.SmolVLMConfig(
        text_config=tf.LlamaConfig(
            **TEXT | {"max_position_embeddings": 4096}, **end_ids(words), vocab_size=len(words)
        ),
        vision_config={**WIDE_TOWER, "image_size": 32, "patch_size": 8},
        image_token_id=words.convert_tokens_to_ids("<image>"),
        pad_token_id=words.pad_token_id,
        scale_factor=2,
    )
    side = {"longest_edge": 32}
    processor = tf.SmolVLMProcessor(
        SmolVLMImageProcessorPil(size=side, max_image_size=side, do_image_splitting=False),
        words,
        tf.SmolVLMVideoProcessor(size=side, max_image_size=side),
        image_seq_len=4,
        chat_template=TEMPLATE,
    )
    return save(folder, tf.SmolVLMForConditionalGeneration(config), processor)


def qwen_vl(folder: Path, generation: str) -> Path:
    """Qwen2-VL, Qwen2.5-VL and Qwen3-VL: tubes of two frames at any size, positions in time."""
    torch.manual_seed(0)
    marks = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    words = letter_tokenizer(*marks)
    image, video, start, end = words.convert_tokens_to_ids(list(marks))
    words.init_kwargs |= {"image_token": marks[0], "video_token": marks[1]}
    name = {"2": "Qwen2VL", "2.5": "Qwen2_5_VL", "3": "Qwen3VL"}[generation]
    config = getattr(tf, f"{name}Config")(
        text_config={
            **TEXT, **end_ids(words), "vocab_size": len(words), "head_dim": 16,
            "max_position_embeddings": 4096,
            "rope_parameters": {
                "rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0
            },
        },
        vision_config=_vision(generation),
        image_token_id=image, video_token_id=video,
        vision_start_token_id=start, vision_end_token_id=end,
    )  # fmt: skip
    patch = {"patch_size": 16} if generation == "3" else {}
    sides = {"size": {"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 64}}
    watching = tf.Qwen3VLVideoProcessor if generation == "3" else tf.Qwen2VLVideoProcessor
    processor = getattr(tf, f"{name}Processor")(
        Qwen2VLImageProcessorPil(**QWEN_SIDES, **patch),
        words,
        watching(**sides, **patch),
        chat_template=QWEN,
    )
    return save(folder, getattr(tf, f"{name}ForConditionalGeneration")(config), processor)


def _vision(generation: str) -> dict[str, Any]:
    if generation == "2":
        return {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2}
    tower = {
        "depth": 2, "hidden_size": 32, "out_hidden_size": 32, "intermediate_size": 64,
        "num_heads": 2,
    }  # fmt: skip
    if generation == "3":
        return {**tower, "deepstack_visual_indexes": [0], "num_position_embeddings": 64}
    return {**tower, "fullatt_block_indexes": [1], "window_size": 56}


def llava_onevision(folder: Path) -> Path:
    """LLaVA-OneVision: tiles of an image, cropped to its shape, and frames pooled."""
    torch.manual_seed(0)
    words = letter_tokenizer("<image>", "<video>")
    pins = [[32, 64], [64, 32], [64, 64]]
    config = tf.LlavaOnevisionConfig(
        text_config=tf.Qwen2Config(**TEXT, **end_ids(words), vocab_size=len(words)),
        vision_config=tf.SiglipVisionConfig(**WIDE_TOWER, image_size=32, patch_size=16),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=pins,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    images = LlavaOnevisionImageProcessorPil(size=SIDE, image_grid_pinpoints=pins)
    processor = tf.LlavaOnevisionProcessor(
        images, words, tf.LlavaOnevisionVideoProcessor(size=SIDE), num_image_tokens=4,
        vision_feature_select_strategy="full", chat_template=TEMPLATE,
    )  # fmt: skip
    return save(folder, tf.LlavaOnevisionForConditionalGeneration(config), processor)


def vjepa2(folder: Path, names: list[str] = NAMES) -> Path:
    """V-JEPA 2 with a head for classes."""
    torch.manual_seed(0)
    config = tf.VJEPA2Config(
        **labels(names), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, crop_size=32,
        frames_per_clip=4, num_pooler_layers=1, pred_hidden_size=32, pred_num_hidden_layers=1,
        pred_num_attention_heads=2, initializer_range=0.3,
    )  # fmt: skip
    processor = tf.VJEPA2VideoProcessor(size={"shortest_edge": 36}, crop_size=SIDE)
    return save(folder, tf.VJEPA2ForVideoClassification(config), processor)
