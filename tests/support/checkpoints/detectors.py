"""Tiny checkpoint folders of object detectors with random weights."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as tf
from transformers.models.mask2former.image_processing_pil_mask2former import (
    Mask2FormerImageProcessorPil,
)
from transformers.models.yolos.image_processing_pil_yolos import YolosImageProcessorPil

from tests.support.checkpoints.parts import SIDE, WIDE_TOWER, labels, save

COCO = ["person", "bicycle", "motorbike", "bench", "tv", "dog"]


def yolos(folder: Path, names: list[str] = COCO) -> Path:
    """Write a YOLOS: 12 queries, boxes."""
    torch.manual_seed(0)
    config = tf.YolosConfig(
        **WIDE_TOWER, **labels(names), image_size=[32, 32], patch_size=8, num_detection_tokens=12
    )
    net = tf.YolosForObjectDetection(config)
    torch.nn.init.normal_(net.vit.embeddings.detection_tokens)  # else all queries are equal
    return save(folder, net, YolosImageProcessorPil(size=SIDE))


def mask2former(folder: Path, names: list[str] = COCO) -> Path:
    """Write a Mask2Former with a Swin backbone: 12 queries, masks."""
    torch.manual_seed(0)
    backbone = tf.SwinConfig(
        image_size=64, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=2,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = tf.Mask2FormerConfig(
        backbone_config=backbone, feature_size=32, mask_feature_size=32, hidden_dim=32,
        encoder_feedforward_dim=16, encoder_layers=1, decoder_layers=2, num_attention_heads=2,
        dim_feedforward=16, num_queries=12, init_std=0.5, init_xavier_std=3.0, **labels(names),
    )  # fmt: skip
    processor = Mask2FormerImageProcessorPil(size={"height": 64, "width": 64})
    net = tf.Mask2FormerForUniversalSegmentation(config)
    torch.nn.init.normal_(net.model.transformer_module.queries_features.weight, std=3)
    torch.nn.init.normal_(net.class_predictor.weight, std=1)
    torch.nn.init.zeros_(net.class_predictor.bias)
    return save(folder, net, processor)
