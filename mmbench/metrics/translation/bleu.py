"""BLEU of translations, with the tokenizers and the signature of sacrebleu."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from mmbench.metrics.speech.spacing import is_unspaced
from mmbench.metrics.translation.references import number_signature, references_of
from mmbench.metrics.translation.tokenizers import tokenizer_signature, tokens, version_signature
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.stats.families.translation import ORDERS
from mmbench.text import count
from mmbench.types import Prediction, Score

_TOKENISED = 100  # outputs with a separate period for which sacrebleu warns
_FOR_SPACES = ("13a", "intl")  # tokenizers of languages with spaces between words

Grams = Counter[tuple[str, ...]]


@declare(unit="score", better="higher", worst=0, best=1, kinds={"writing"})
def sacrebleu(predictions: Sequence[Prediction], tokenizer: str) -> Score:
    """Corpus BLEU-4 of translations; the value is that of sacrebleu 2.6.0, divided by 100.

    Range [0, 1], higher is better. The geometric mean of the clipped precisions of n-grams, n from
    1 to 4, times the brevity penalty; counts are summed over the corpus. Matches are clipped at the
    maximum over the references, and the reference length of a text is the closest one, or the
    shorter of two. Orders without a match are smoothed exponentially; case counts. `tokenizer` is a
    name from `mmbench.metrics.translation.tokenizers`. Rows: matches of orders 1 to 4, n-grams of
    orders 1 to 4, length, reference length. The score of a single text is its sentence BLEU, with
    the effective order (`eff:yes`); the mean of these scores is not the corpus BLEU. Raises
    DataError for a sample without references, and MissingExtra if the package of the tokenizer is
    not installed.

    Source: Papineni et al. 2002, ACL; Post 2018, arXiv 1804.08771; sacrebleu 2.6.0 metrics/bleu.py.
    """
    references = [references_of(p) for p in predictions]
    rows = [
        _row(tokens(tokenizer, str(p.value)), [tokens(tokenizer, text) for text in own])
        for p, own in zip(predictions, references, strict=True)
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, 2 * ORDERS + 2)
    parts = [number_signature(references), "case:mixed", "eff:no", tokenizer_signature(tokenizer)]
    return score(
        table,
        fold_name="sacrebleu",
        signature="|".join([*parts, "smooth:exp", version_signature(tokenizer)]),
        reason="; ".join(_notes(predictions, references, tokenizer)),
    )


def _row(output: Sequence[str], references: Sequence[Sequence[str]]) -> list[int]:
    matches, totals = [], []
    for n in range(1, ORDERS + 1):
        grams, limits = _grams(output, n), Counter[tuple[str, ...]]()
        for reference in references:
            limits |= _grams(reference, n)
        matches.append((grams & limits).total())
        totals.append(grams.total())
    length = len(output)
    closest = min(map(len, references), key=lambda other: (abs(other - length), other))
    return [*matches, *totals, length, closest]


def _grams(words: Sequence[str], n: int) -> Grams:
    return Counter(zip(*(words[start:] for start in range(n)), strict=False))


def _notes(
    predictions: Sequence[Prediction], references: Sequence[Sequence[str]], tokenizer: str
) -> Iterator[str]:
    """Yield notes on texts for which the tokenizer is not made."""
    separate = sum(str(p.value).endswith(" .") for p in predictions)
    if separate >= _TOKENISED and tokenizer in _FOR_SPACES:
        yield f"{count(separate, 'output')} end in a separate period; give texts as written"
    unspaced = sum(is_unspaced(own[0]) for own in references)
    if tokenizer in _FOR_SPACES and unspaced:
        yield (
            f"{count(unspaced, 'reference')} in a script without spaces; use sacrebleu[zh],"
            " sacrebleu[ja-mecab], sacrebleu[char] or chrf"
        )
