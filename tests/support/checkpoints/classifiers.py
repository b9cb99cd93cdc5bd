"""Tiny checkpoint folders of encoders: random weights, as `save_pretrained` writes them."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as tf
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.videomae.image_processing_pil_videomae import VideoMAEImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil
from transformers.models.vivit.image_processing_vivit import VivitImageProcessor

from tests.support.checkpoints.parts import NAMES, SIDE, WIDE_TOWER, labels, save


def image(folder: Path, kind: str = "vit", names: list[str] = NAMES) -> Path:
    """Write a classifier of images of these classes: ViT or ConvNeXt."""
    torch.manual_seed(0)
    if kind == "vit":
        config = tf.ViTConfig(**WIDE_TOWER, **labels(names), image_size=32, patch_size=8)
        return save(folder, tf.ViTForImageClassification(config), ViTImageProcessorPil(size=SIDE))
    config = tf.ConvNextConfig(**labels(names), hidden_sizes=[8, 16, 16, 16], depths=[1, 1, 1, 1])
    processor = ConvNextImageProcessorPil(size={"shortest_edge": 32})
    return save(folder, tf.ConvNextForImageClassification(config), processor)


def video(folder: Path, kind: str = "videomae", names: list[str] = NAMES) -> Path:
    """Write a classifier of videos: VideoMAE, TimeSformer or ViViT."""
    torch.manual_seed(0)
    shape = {**WIDE_TOWER, **labels(names), "image_size": 32, "num_frames": 4}
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
    """Write a classifier of sounds: AST or wav2vec 2.0."""
    torch.manual_seed(0)
    if kind == "ast":
        config = tf.ASTConfig(
            **WIDE_TOWER, **labels(names), max_length=128, num_mel_bins=16, patch_size=8,
            frequency_stride=8, time_stride=8,
        )  # fmt: skip
        extractor = tf.ASTFeatureExtractor(max_length=128, num_mel_bins=16)
        return save(folder, tf.ASTForAudioClassification(config), extractor)
    config = tf.Wav2Vec2Config(
        **WIDE_TOWER, **labels(names), conv_dim=(16,) * 7, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4, classifier_proj_size=16, vocab_size=8,
    )  # fmt: skip
    extractor = tf.Wav2Vec2FeatureExtractor(do_normalize=True)
    return save(folder, tf.Wav2Vec2ForSequenceClassification(config), extractor)
