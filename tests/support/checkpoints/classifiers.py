"""Tiny checkpoint folders of encoders: random weights, as `save_pretrained` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers as tf
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.videomae.image_processing_pil_videomae import VideoMAEImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil
from transformers.models.vivit.image_processing_vivit import VivitImageProcessor

from tests.support.checkpoints import contrastive

SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "initializer_range": 0.3,
}
NAMES = ["cat", "dog_barking", "Playing guitar", "rain"]


def labels(names: list[str]) -> dict[str, Any]:
    return {"id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)}}


SIDE = {"height": 32, "width": 32}


def save(folder: Path, *parts: Any) -> Path:
    for part in parts:
        part.save_pretrained(folder)
    return folder


def image(folder: Path, kind: str = "vit", names: list[str] = NAMES) -> Path:
    torch.manual_seed(0)
    if kind == "vit":
        config = tf.ViTConfig(**SMALL, **labels(names), image_size=32, patch_size=8)
        return save(folder, tf.ViTForImageClassification(config), ViTImageProcessorPil(size=SIDE))
    config = tf.ConvNextConfig(**labels(names), hidden_sizes=[8, 16, 16, 16], depths=[1, 1, 1, 1])
    processor = ConvNextImageProcessorPil(size={"shortest_edge": 32})
    return save(folder, tf.ConvNextForImageClassification(config), processor)


def video(folder: Path, kind: str = "videomae", names: list[str] = NAMES) -> Path:
    torch.manual_seed(0)
    shape = {**SMALL, **labels(names), "image_size": 32, "num_frames": 4}
    if kind == "videomae":
        net = tf.VideoMAEForVideoClassification(tf.VideoMAEConfig(**shape, patch_size=8))
    elif kind == "timesformer":
        net = tf.TimesformerForVideoClassification(tf.TimesformerConfig(**shape, patch_size=8))
    else:
        config = tf.VivitConfig(**shape, tubelet_size=[2, 8, 8])
        crop = {"size": {"shortest_edge": 32}, "crop_size": SIDE}
        return save(folder, tf.VivitForVideoClassification(config), VivitImageProcessor(**crop))
    processor = VideoMAEImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE)
    return save(folder, net, processor)


def audio(folder: Path, kind: str = "ast", names: list[str] = NAMES) -> Path:
    torch.manual_seed(0)
    if kind == "ast":
        config = tf.ASTConfig(
            **SMALL, **labels(names), max_length=128, num_mel_bins=16, patch_size=8,
            frequency_stride=8, time_stride=8,
        )  # fmt: skip
        extractor = tf.ASTFeatureExtractor(max_length=128, num_mel_bins=16)
        return save(folder, tf.ASTForAudioClassification(config), extractor)
    config = tf.Wav2Vec2Config(
        **SMALL, **labels(names), conv_dim=(16,) * 7, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4, classifier_proj_size=16, vocab_size=8,
    )  # fmt: skip
    extractor = tf.Wav2Vec2FeatureExtractor(do_normalize=True)
    return save(folder, tf.Wav2Vec2ForSequenceClassification(config), extractor)


def clap(folder: Path, *, fused: bool = False) -> Path:
    torch.manual_seed(0)
    tokenizer = contrastive.clip_tokenizer()
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(1)  # as in RoBERTa: positions begin there
    config = tf.ClapConfig(
        text_config={**SMALL, "vocab_size": len(tokenizer), "projection_dim": 16,
                     "pad_token_id": 1, "max_position_embeddings": 40},
        audio_config={"spec_size": 128, "num_mel_bins": 64, "patch_size": 4, "patch_stride": [4, 4],
                      "window_size": 2, "hidden_size": 64, "depths": [1, 1], "num_hidden_layers": 2,
                      "num_attention_heads": [2, 2], "patch_embeds_hidden_size": 32,
                      "enable_fusion": fused, "projection_dim": 16, "num_classes": 4,
                      "aff_block_r": 2},
        projection_dim=16,
    )  # fmt: skip
    extractor = tf.ClapFeatureExtractor(
        feature_size=64, sampling_rate=48000, max_length_s=1, hop_length=480, fft_window_size=1024,
        truncation="fusion" if fused else "rand_trunc",
    )  # fmt: skip
    tokenizer.model_max_length = 30
    return save(folder, tf.ClapModel(config), tokenizer, extractor)


def xclip(folder: Path) -> Path:
    torch.manual_seed(0)
    tokenizer = contrastive.clip_tokenizer()
    tower = {k: v for k, v in SMALL.items() if k != "initializer_range"}
    config = tf.XCLIPConfig(
        text_config={**tower, "vocab_size": len(tokenizer), "max_position_embeddings": 24,
                     "eos_token_id": tokenizer.eos_token_id},
        vision_config={**tower, "image_size": 32, "patch_size": 8, "num_frames": 4,
                       "mit_hidden_size": 16, "mit_intermediate_size": 32,
                       "mit_num_attention_heads": 2, "mit_num_hidden_layers": 1},
        projection_dim=16,
    )  # fmt: skip
    frames = VideoMAEImageProcessorPil(size={"shortest_edge": 32}, crop_size=SIDE)
    return save(folder, tf.XCLIPModel(config), tokenizer, frames)
