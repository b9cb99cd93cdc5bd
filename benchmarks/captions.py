"""BLEU, ROUGE-L and CIDEr with tokenisation, compared with pycocoevalcap at the size of COCO.

Each repeat has new captions, made of halves of real ones if these are next to the checkout, so that
no cache of one repeat helps in the next.
"""

import json
import random
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from shutil import which
from time import perf_counter

from benchmarks.rows import Row, paired_row
from mmbench.metrics.captions import bleu, cider, rouge_l
from mmbench.metrics.captions.corpus import corpus_of
from mmbench.types import Prediction

REAL = Path(__file__).parents[2] / "shared/data/captions/fakecap/en_captions_val2014.json"
WHOLE = "BLEU-1 to 4, ROUGE-L, CIDEr and their tokens / pycocoevalcap"
SCORES = "the same of given tokens / pycocoevalcap's scorers"
REFERENCES = 5
WORDS = 9000

Tokens = dict[str, list[str]]


def rows(quick: bool = False) -> list[Row]:
    n, repeats = (500, 1) if quick else (5000, 3)
    # Half a second of starting Java weighs more among few captions.
    limit = None if quick else 1 / 3
    if find_spec("pycocoevalcap") is None or which("java") is None:
        return [Row(WHOLE, limit=limit, note="skipped: no pycocoevalcap, or no Java")]
    _seconds(_captions(50, 99))  # imports on first use
    seconds = [_seconds(_captions(n, seed)) for seed in range(repeats)]
    note = f"{n:,} captions, {REFERENCES} references each; medians of {repeats}"
    whole = [(a + b, c + d) for a, b, c, d in seconds]
    scores = [(b, d) for _, b, _, d in seconds]
    return [paired_row(WHOLE, whole, limit, note), paired_row(SCORES, scores, limit, "")]


def _seconds(predictions: list[Prediction]) -> tuple[float, float, float, float]:
    """Return seconds of mmbench's tokenisation and scores, then of pycocoevalcap's.

    Raises AssertionError if the scores differ.
    """
    clock = [perf_counter()]
    corpus_of(predictions)
    clock.append(perf_counter())
    ours = _ours(predictions)
    clock.append(perf_counter())
    references, captions = _their_tokens(predictions)
    clock.append(perf_counter())
    theirs = _theirs(references, captions)
    clock.append(perf_counter())
    assert all(abs(a - b) < 1e-9 for a, b in zip(ours, theirs, strict=True)), (ours, theirs)
    a, b, c, d = (end - start for start, end in pairwise(clock))
    return a, b, c, d


def _ours(predictions: list[Prediction]) -> list[float]:
    bleus = [bleu(predictions, n) for n in range(1, 5)]
    return [score.value for score in (*bleus, rouge_l(predictions), cider(predictions))]


def _their_tokens(predictions: list[Prediction]) -> tuple[Tokens, Tokens]:
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    tokenizer = PTBTokenizer()
    references = {p.id: [{"caption": text} for text in p.target] for p in predictions}
    captions = {p.id: [{"caption": p.value}] for p in predictions}
    return tokenizer.tokenize(references), tokenizer.tokenize(captions)


def _theirs(references: Tokens, captions: Tokens) -> list[float]:
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    bleus, _ = Bleu(4).compute_score(references, captions, verbose=0)
    others = [scorer.compute_score(references, captions)[0] for scorer in (Rouge(), Cider())]
    return [*bleus, *others]


def _captions(n: int, seed: int) -> list[Prediction]:
    draws, whole = random.Random(seed), _whole()

    def caption() -> str:
        first, second = draws.choice(whole).split(), draws.choice(whole).split()
        return " ".join(first[: len(first) // 2] + second[len(second) // 2 :])

    return [
        Prediction(id=str(i), value=caption(), target=[caption() for _ in range(REFERENCES)])
        for i in range(n)
    ]


def _whole() -> list[str]:
    """Return real captions, or synthetic ones of similar length and word frequencies."""
    if REAL.is_file():
        return [row["caption"] for row in json.loads(REAL.read_text())["annotations"]]
    draws = random.Random(0)
    words = [f"w{i}" for i in range(WORDS)]
    weights = [1 / (i + 1) for i in range(WORDS)]
    texts = [draws.choices(words, weights, k=draws.randint(8, 15)) for _ in range(5000)]
    return [f"A {' '.join(text)}." for text in texts]
