"""The metric BLEU for captions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmbench.errors import UnknownName
from mmbench.metrics.captions.corpus import Corpus, corpus_of
from mmbench.metrics.captions.ngrams import ORDERS, Captions
from mmbench.protocols import declare
from mmbench.stats import sample_values, score
from mmbench.types import Prediction, Score


@declare(unit="score", better="higher", worst=0, best=1, kinds={"writing"})
def bleu(predictions: Sequence[Prediction], n: int) -> Score:
    """Corpus BLEU-n, n from 1 to 4: the geometric mean of n clipped precisions x brevity penalty.

    Matches of each order are clipped at their maximum in one reference. Matches and lengths are
    summed over the corpus. The reference length of a caption is the length of the reference that is
    **closest** in length, or of the shorter reference if two are equally close. A precision is
    (matches + 1e-15) / (n-grams + 1e-9), so that an order without a match gives almost 0. The range
    is [0, 1]; higher is better. Rows: matches of orders 1 to n, n-grams of orders 1 to n, length,
    reference length. An empty caption counts as a caption of length 0. Raises UnknownName for any
    other n, and DataError for a sample without references.
    Source: Papineni et al. 2002, ACL; pycocoevalcap 1.2 `bleu_scorer.py`, on its PTB tokens.
    """
    if not 1 <= n <= ORDERS:
        raise UnknownName("metric", f"bleu@{n}", [f"bleu@{k}" for k in range(1, ORDERS + 1)])
    rows = _rows(corpus_of(predictions), n) if predictions else np.empty((0, 2 * n + 2))
    signature = "tokens=ptb,reference-length=closest"
    return score(rows, fold_name=f"bleu@{n}", signature=signature)


def sentence_bleu(rows: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return the BLEU-n of each caption [samples], from the rows of `bleu`.

    The formula of `bleu` is applied to the counts of each caption, like pycocoevalcap's list of
    scores. The mean of these values is not the corpus BLEU. Range [0, 1], higher is better.
    """
    values = sample_values(f"bleu@{n}", np.asarray(rows, dtype=np.float64))
    assert values is not None
    return values


def _rows(corpus: Corpus, n: int) -> NDArray[np.float64]:
    lengths = corpus.words.lengths[: corpus.words.candidates]
    ngram_counts = [np.maximum(lengths - k, 0) for k in range(n)]
    return np.column_stack([corpus.clipped[:, :n], *ngram_counts, lengths, _closest(corpus.words)])


def _closest(words: Captions) -> NDArray[np.int64]:
    """Return, for each candidate, the length of its reference that is closest in length [n].

    If two references are equally close, the length is that of the shorter reference.
    """
    lengths, size = words.lengths[words.candidates :], int(words.lengths.max()) + 1
    distances = np.abs(lengths - words.lengths[words.owner])
    return np.asarray(np.minimum.reduceat(distances * size + lengths, words.starts) % size)
