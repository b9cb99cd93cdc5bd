"""The metric METEOR for captions, computed by its Java program."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.captions.corpus import Tokens, corpus_of
from mmbench.metrics.captions.jar import by_jar
from mmbench.metrics.captions.meteor_jar import COLUMNS, statistics
from mmbench.stats import score
from mmbench.text import count
from mmbench.types import Prediction, Score

_CHUNKS = 20
# The jar aligns each word with all equal words, and runs out of memory on endless repetitions.
_LONGEST = 5000  # words
_REPEATED = 200  # occurrences of one word

Rows = NDArray[np.float64]


@by_jar()
def meteor(predictions: Sequence[Prediction]) -> Score:
    """METEOR 1.5 for English over the corpus, aligned by the official jar.

    Each caption is aligned with its best reference, by exact words, stems, synonyms and
    paraphrases. The score is the F-mean of weighted precision and recall, multiplied by (1 - 0.6 ·
    fragmentation^0.2). It is computed from statistics summed over the corpus and is not the mean
    over captions. Range [0, 1], higher is better. A row has the 23 statistics of the jar: lengths
    and function-word counts of caption and reference; matched content and function words of both,
    for each matching module; chunks; matched words. A caption that equals its reference has 0
    chunks instead of 1, as in the sums that the jar computes. Captions and references are truncated
    after 5,000 words and before the 201st occurrence of a word, because the jar would run out of
    memory. The reason of the score states how many captions were truncated. One Java process serves
    all calls. Raises Missing without Java or pycocoevalcap, UserError if the process fails, and
    DataError for a sample without references.
    Source: Denkowski and Lavie 2014, WMT; meteor-1.5.jar as pycocoevalcap 1.2 calls it.
    """
    rows, pairs = np.empty((0, COLUMNS)), list(corpus_of(predictions).pairs())
    if predictions:
        lines = [_line(caption, refs) for caption, refs in pairs]
        rows = _without_perfect_chunks(np.array(statistics(lines)))
    cut = sum(len(_readable(caption)) < len(caption) for caption, _ in pairs)
    reason = f"only the beginning of {count(cut, 'caption')} was scored" if cut else ""
    signature = "tokens=ptb,meteor=1.5,language=en,norm"
    return score(rows, fold_name="meteor", signature=signature, reason=reason)


def _line(caption: Tokens, references: Sequence[Tokens]) -> str:
    """Return a request to the jar: the references and then the caption, separated by "|||"."""
    texts = [_plain(_readable(tokens)) for tokens in (*references, caption)]
    return " ||| ".join(["SCORE", *texts])


def _readable(tokens: Tokens) -> Tokens:
    """Return the leading tokens that the jar can align without running out of memory."""
    if len(tokens) <= _REPEATED:
        return tokens
    seen: Counter[str] = Counter()
    for at, token in enumerate(tokens[:_LONGEST]):
        seen[token] += 1
        if seen[token] > _REPEATED:
            return tokens[:at]
    return tokens[:_LONGEST]


def _plain(tokens: Tokens) -> str:
    """Return the tokens as one string without line breaks and "|||", as pycocoevalcap does."""
    return re.sub(r"[\r\n]+", " ", " ".join(tokens)).replace("|||", "").replace("  ", " ")


def _without_perfect_chunks(rows: Rows) -> Rows:
    """Set the chunk count to 0 for captions that equal their reference.

    The jar does the same when it sums the statistics over the corpus.
    """
    matched = rows[:, 4:_CHUNKS].reshape(-1, 8, 2).sum(axis=1)
    perfect = (matched == rows[:, :2]).all(axis=1) & (rows[:, _CHUNKS] == 1)
    rows[perfect, _CHUNKS] = 0
    return rows
