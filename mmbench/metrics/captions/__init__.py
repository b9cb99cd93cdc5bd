"""Metrics of captions with reference captions; their values equal those of pycocoevalcap 1.2.

All these metrics use the PTB tokens of `mmbench.metrics.captions.ptb`: lower case, no punctuation.
"""

from __future__ import annotations

from mmbench.metrics.captions.bleu import bleu, sentence_bleu
from mmbench.metrics.captions.cider import cider
from mmbench.metrics.captions.meteor import meteor
from mmbench.metrics.captions.rouge import rouge_l
from mmbench.metrics.captions.spice import spice

__all__ = ["bleu", "cider", "meteor", "rouge_l", "sentence_bleu", "spice"]
