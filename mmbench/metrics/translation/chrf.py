"""chrF and chrF++, F-scores of the character n-grams of translations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from string import punctuation

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.translation.references import number_signature, references_of
from mmbench.metrics.translation.tokenizers import VERSION
from mmbench.protocols import declare
from mmbench.stats import sample_values, score
from mmbench.types import Prediction, Score

_CHARACTERS = 6  # orders of character n-grams
_WORDS = 2  # orders of word n-grams of chrF++

# The n-grams of a text of each order.
Grams = list[Counter[str]]


@declare(unit="score", better="higher", worst=0, best=1, kinds={"writing"})
def chrf(predictions: Sequence[Prediction]) -> Score:
    """Corpus chrF2 of translations; the value is that of sacrebleu 2.6.0, divided by 100.

    Range [0, 1], higher is better. F-score of the mean precision and the mean recall of character
    n-grams, n from 1 to 6, without white space; recall has twice the weight of precision. Counts
    are summed over the corpus, and orders without n-grams are left out of the means. Of several
    references, each text is compared with the one of the highest F-score. Rows, for each order:
    n-grams of the output, n-grams of the reference, matches. No tokenizer is needed, so the score
    suits every language. Raises DataError for a sample without references.

    Source: Popović 2015, WMT; sacrebleu 2.6.0 metrics/chrf.py.
    """
    return _chrf(predictions, 0)


@declare(unit="score", better="higher", worst=0, best=1, kinds={"writing"})
def chrf_plus_plus(predictions: Sequence[Prediction]) -> Score:
    """Corpus chrF2++ of translations: like chrf, with word n-grams of orders 1 and 2 as well.

    Range [0, 1], higher is better. Words are separated by spaces, and a punctuation mark at the
    beginning or the end of a word is a word. Languages without spaces have no such words. The value
    is that of sacrebleu 2.6.0 with `word_order=2`, divided by 100.

    Source: Popović 2017, WMT; sacrebleu 2.6.0 metrics/chrf.py.
    """
    return _chrf(predictions, _WORDS)


def _chrf(predictions: Sequence[Prediction], word_orders: int) -> Score:
    references = [references_of(p) for p in predictions]
    rows = []
    for prediction, own in zip(predictions, references, strict=True):
        output = _grams(str(prediction.value), word_orders)
        rows += [_row(output, _grams(text, word_orders)) for text in own]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3 * (_CHARACTERS + word_orders))
    parts = [number_signature(references), "case:mixed", "eff:yes", f"nc:{_CHARACTERS}"]
    signature = "|".join([*parts, f"nw:{word_orders}", "space:no", f"version:{VERSION}"])
    return score(_best(table, references), fold_name="chrf", signature=signature)


def _best(rows: NDArray[np.float64], references: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Return, for each text, its row with the highest F-score; of equal ones, the first."""
    values = sample_values("chrf", rows)
    assert values is not None
    ends = list(accumulate(map(len, references), initial=0))
    best = [start + int(values[start:end].argmax()) for start, end in pairwise(ends)]
    return rows[best]


def _row(output: Grams, reference: Grams) -> list[int]:
    """Return the counts of a text against one of its references.

    If the reference has no n-grams of an order, those of the output do not count.
    """
    row: list[int] = []
    for ours, theirs in zip(output, reference, strict=True):
        row += [ours.total() if theirs else 0, theirs.total(), (ours & theirs).total()]
    return row


def _grams(text: str, word_orders: int) -> Grams:
    characters, words = "".join(text.split()), _words(text) if word_orders else []
    return [
        *(Counter(map("".join, _slices(characters, n))) for n in range(1, _CHARACTERS + 1)),
        *(Counter(map(" ".join, _slices(words, n))) for n in range(1, word_orders + 1)),
    ]


def _slices(sequence: Sequence[str], n: int) -> list[Sequence[str]]:
    return [sequence[at : at + n] for at in range(len(sequence) - n + 1)]


def _words(text: str) -> list[str]:
    """Return the words of a text.

    An ASCII punctuation mark at the end of a word, otherwise at its beginning, is a word.
    """
    words: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in punctuation:
            words += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in punctuation:
            words += [word[0], word[1:]]
        else:
            words.append(word)
    return words
