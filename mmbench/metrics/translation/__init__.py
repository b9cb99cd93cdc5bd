"""Metrics of translations; their values and signatures equal those of sacrebleu 2.6.0.

The value of a prediction is a translation, and its target a reference translation or a list of
them. Scores are fractions: sacrebleu prints them multiplied by 100.
"""

from __future__ import annotations

from mmbench.metrics.translation.bleu import sacrebleu
from mmbench.metrics.translation.chrf import chrf, chrf_plus_plus

__all__ = ["chrf", "chrf_plus_plus", "sacrebleu"]
