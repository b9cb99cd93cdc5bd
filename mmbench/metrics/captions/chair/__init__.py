"""CHAIR: object hallucination in captions of COCO images."""

from __future__ import annotations

from mmbench.metrics.captions.chair.scores import chair_i, chair_recall, chair_s

__all__ = ["chair_i", "chair_recall", "chair_s"]
