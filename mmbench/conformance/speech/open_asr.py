"""Conformance cases of the Open ASR Leaderboard's convention, and of error rates by type.

The golden numbers are those of the leaderboard's own code, huggingface/open_asr_leaderboard at
commit d1e99b2. Its `EnglishTextNormalizer` normalised both texts of each generated pair; pairs
whose reference `is_target_text_in_range` refuses were left out; kaldialign 0.12.0
`batch_error_rate(…, merge_compounds=True)` counted the errors of the others.
"""

from __future__ import annotations

import random
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

from mmbench.conformance.case import Case, LargestDifference, max_difference, value
from mmbench.conformance.packages import library
from mmbench.metrics.speech.normalisers import normalise
from mmbench.metrics.speech.open_asr import NAME, is_scored
from mmbench.types import Prediction

Pairs = list[tuple[str, str]]  # (reference, hypothesis)

_N = 2_000
_CHUNK = 100  # texts with one digest
_WORDS = (
    "Mr. Smith's can't won't it's who's this's dog's she'd he's been gone I'd've y'all let's ma'am "
    "gonna kinda cause twenty-one two hundred and five $20 million 3.5 50% 1960s first 22nd 1,000 "
    "double oh seven minus one point five thousand dollars cents percent and a half colour analyse "
    "[noise] (laughs) uh hmm Aha uhuh em mhum é œuvre ß «naïve» -- & . , Wi-Fi wi fi e-mail E mail "
    "B.B.C. b b c a i 5 G U.S.A. p.m. a m O.K. ok okay all right however how ever et cetera X ray "
    "Stephen Steven Katherine Kathryn Mohamed travelogue cancellation flyer pummelled archaeology "
    "white paper whitepaper note book notebook the a he was not an ill disposed young man rather"
)
_UNSCORED = ("", "uh, um.", "[noise]", "Ignore time segment in scoring.", "(laughs) ...")
_BETWEEN = (" ", " ", " ", " ", "  ", "\n", ", ", "-", ". ")

# The digests of the normalised references, a digest for each 100 of them.
_DIGESTS = (
    "9453c8d9 fc1005e9 d1c23c3f 6a0d4e5d c2c74d12 c0ae4754 928702aa 58dbe961 e524e621 b67b23df "
    "878ee97f bf94009f 6dd56654 136021bb 24c2ae1a 898f1982 6ea2bfbb e22c1996 bec62be3 88067432"
)
# The errors in the 1,709 pairs that are scored.
_COUNTS = {"substitution": 1539, "deletion": 1375, "insertion": 2194}
_REFERENCE_WORDS = 13_446


@cache
def generated_pairs() -> Pairs:
    """Return the pairs of the golden numbers; some references are not scored."""
    draws, vocabulary = random.Random(25), _WORDS.split()
    pairs = []
    for at in range(_N):
        words = draws.choices(vocabulary, k=draws.randint(0, 15))
        reference = "".join(word + draws.choice(_BETWEEN) for word in words)
        said = [word for word in words if draws.random() > 0.1]
        for _ in range(draws.randint(0, 3)):
            said.insert(draws.randint(0, len(said)), draws.choice(vocabulary))
        hypothesis = "".join(word + ("" if draws.random() < 0.1 else " ") for word in said)
        pairs.append((_UNSCORED[at % 5] if at % 50 < 5 else reference, hypothesis))
    return pairs


def digests(texts: list[str]) -> list[str]:
    """Return the beginnings of the SHA-256 digests of chunks of texts."""
    chunks = ["\n".join(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)]
    return [sha256(chunk.encode()).hexdigest()[:8] for chunk in chunks]


def _predictions(pairs: Pairs) -> list[Prediction]:
    return [Prediction(str(at), said, reference) for at, (reference, said) in enumerate(pairs)]


def _normaliser(_: Path) -> LargestDifference:
    """Count the chunks of texts that the leaderboard's code normalises to other texts."""
    found = digests([normalise(NAME, reference) for reference, _ in generated_pairs()])
    differ = sum(ours != theirs for ours, theirs in zip(found, _DIGESTS.split(), strict=True))
    return LargestDifference(differ, f"generated: {_N:,} texts, digests of {_CHUNK} each")


def _golden(metric: str, edits: int, _: Path) -> LargestDifference:
    ours = value(f"{metric}[{NAME}]", _predictions(generated_pairs()))
    return LargestDifference(
        max_difference(ours, edits / _REFERENCE_WORDS),
        f"generated: {_N:,} pairs, empty references",
    )


def _kaldialign(metric: str, name: str, _: Path) -> LargestDifference:
    """Compare a rate with kaldialign's counts, for pairs that mmbench has normalised."""
    texts = [tuple(normalise(NAME, text) for text in pair) for pair in generated_pairs()[:400]]
    scored = [(reference, said) for reference, said in texts if is_scored(reference)]
    theirs = library("kaldialign").batch_error_rate(
        [reference.split() for reference, _ in scored],
        [said.split() for _, said in scored],
        merge_compounds=True,
    )
    ours = value(f"{metric}[{NAME}]", _predictions(generated_pairs()[:400]))
    expected = theirs[name] / theirs["ref_len"]
    return LargestDifference(max_difference(ours, expected), "generated: 400 pairs")


def _jiwer(metric: str, name: str, _: Path) -> LargestDifference:
    pairs = [pair for pair in generated_pairs()[:400] if pair[0].strip()]
    references, hypotheses = zip(*pairs, strict=True)
    output = library("jiwer").process_words(list(references), list(hypotheses))
    expected = getattr(output, name) / sum(map(len, output.references))
    ours = value(f"{metric}[none]", _predictions(pairs))
    return LargestDifference(max_difference(ours, expected), f"generated: {len(pairs)} pairs")


def _characters(_: Path) -> LargestDifference:
    texts = [tuple(normalise(NAME, text) for text in pair) for pair in generated_pairs()[:400]]
    references, hypotheses = zip(*(pair for pair in texts if is_scored(pair[0])), strict=True)
    ours = value(f"cer[{NAME}]", _predictions(generated_pairs()[:400]))
    theirs = library("jiwer").cer(list(references), list(hypotheses))
    return LargestDifference(max_difference(ours, theirs), "generated: 400 pairs")


_LEADERBOARD = "golden numbers: Open ASR Leaderboard d1e99b2"
# Metric, key of kaldialign, and number of errors.
_RATES = [
    ("wer", "total", sum(_COUNTS.values())),
    ("substitution_rate", "sub", _COUNTS["substitution"]),
    ("deletion_rate", "del", _COUNTS["deletion"]),
    ("insertion_rate", "ins", _COUNTS["insertion"]),
]
CASES = [
    Case(f"normaliser {NAME}", f"{_LEADERBOARD}: differing chunks", _normaliser, 0),
    *(
        Case(f"{metric}[{NAME}]", _LEADERBOARD, partial(_golden, metric, edits))
        for metric, _, edits in _RATES
    ),
    *(
        Case(
            f"{metric}[{NAME}]",
            "batch_error_rate, merge_compounds=True",
            partial(_kaldialign, metric, key),
            package="kaldialign",
        )
        for metric, key, _ in _RATES
    ),
    Case(f"cer[{NAME}]", "cer", _characters, package="jiwer"),
    *(
        Case(
            f"{kind}_rate[none]",
            f"process_words, {kind}s",
            partial(_jiwer, f"{kind}_rate", f"{kind}s"),
            package="jiwer",
        )
        for kind in _COUNTS
    ),
]
