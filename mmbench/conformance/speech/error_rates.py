"""Conformance cases of transcript metrics: jiwer, torchmetrics and OpenAI's normalisers."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from mmbench.conformance.case import (
    DEFINITION,
    Case,
    LargestDifference,
    max_difference,
    measured,
    value,
)
from mmbench.conformance.packages import library
from mmbench.conformance.speech import open_asr
from mmbench.metrics.speech.normalisers import normalise
from mmbench.types import Prediction

Pairs = list[tuple[str, str]]
_N = 300
_WORDS = "the a he was not an ill disposed young man café 猫 Straße two 2 o'clock rather"
_FORMATTED = (
    "Mr. Smith's can't won't it's they'll gonna kinda sorta dunno cause twenty-one two hundred and "
    "five $20 million 3.5 50% 1960s first 22nd colour analyse [noise] (laughs) uh hmm é œuvre ß "
    "half past ten o'clock double oh seven minus one hundred, point five. Dr. «naïve» 1,000 -- &"
)
_PROPERTIES = "empty hypotheses, Unicode"
# Texts that OpenAI's English normaliser makes empty; the basic normaliser keeps "uh".
_SILENCES = ("[noise]", "uh", "(laughs) --", "", "[noise] (laughs)")


@cache
def _generated() -> Pairs:
    """Return generated (reference, hypothesis) pairs. No reference is empty."""
    draws, words = random.Random(6), _WORDS.split()
    pairs = []
    for _ in range(_N):
        reference = draws.choices(words, k=draws.randint(1, 25))
        hypothesis = [word for word in reference if draws.random() > 0.1]
        for _ in range(draws.randint(0, 4)):
            hypothesis.insert(draws.randint(0, len(hypothesis)), draws.choice(words))
        pairs.append((" ".join(reference), " ".join(hypothesis if draws.random() > 0.05 else [])))
    return pairs


@cache
def _with_silence() -> Pairs:
    """Return the generated pairs, in which every tenth reference is replaced by ""."""
    return [
        ("" if i % 10 == 0 else reference, hypothesis)
        for i, (reference, hypothesis) in enumerate(_generated())
    ]


@cache
def _texts() -> list[str]:
    draws = random.Random(7)
    words = _FORMATTED.split() + _WORDS.split()
    return [" ".join(draws.choices(words, k=draws.randint(0, 15))) for _ in range(1500)]


def _predictions(pairs: Pairs) -> list[Prediction]:
    return [
        Prediction(str(i), hypothesis, reference) for i, (reference, hypothesis) in enumerate(pairs)
    ]


def _jiwer(name: str, pairs: Callable[[], Pairs], properties: str, _: Path) -> LargestDifference:
    references, hypotheses = zip(*pairs(), strict=True)
    theirs = getattr(library("jiwer"), name)(list(references), list(hypotheses))
    ours = value(f"{name}[none]", _predictions(pairs()))
    return LargestDifference(max_difference(ours, theirs), f"generated: {_N} pairs, {properties}")


def _torchmetrics(name: str, function: str, _: Path) -> LargestDifference:
    references, hypotheses = zip(*_generated(), strict=True)
    theirs = getattr(library("torchmetrics.functional.text"), function)(hypotheses, references)
    ours = value(f"{name}[none]", _predictions(_generated()))
    return LargestDifference(
        max_difference(ours, float(theirs)), f"generated: {_N} pairs, {_PROPERTIES}"
    )


def _whisper(name: str) -> Callable[[str], str]:
    rules: Callable[[str], str] = getattr(library("whisper.normalizers"), f"{name}TextNormalizer")()
    return rules


def _normalised_wer(rules: Callable[[str], str], pairs: Pairs) -> float:
    """Return jiwer's word error rate of pairs after normalisation by the function `rules`."""
    references, hypotheses = (list(map(rules, side)) for side in zip(*pairs, strict=True))
    return float(library("jiwer").wer(references, hypotheses))


def _normaliser(name: str, theirs: str, _: Path) -> LargestDifference:
    """Count the texts for which the normalisers of mmbench and OpenAI differ.

    `name` is the normaliser of mmbench, `theirs` the class in OpenAI's package.
    """
    rules = _whisper(theirs)
    differ = sum(normalise(name, text) != rules(text) for text in _texts())
    return LargestDifference(
        differ, f"generated: {len(_texts()):,} texts with numbers, titles, accents"
    )


def _normalised(name: str, theirs: str, _: Path) -> LargestDifference:
    """Compare `wer` with jiwer's rate for texts that OpenAI's normaliser has normalised.

    `name` is the normaliser of mmbench, `theirs` the class in OpenAI's package. Some references are
    empty after normalisation.
    """
    draws, rules = random.Random(8), _whisper(theirs)
    pairs = [(text, " ".join(w for w in text.split() if draws.random() > 0.1)) for text in _texts()]
    pairs += [(silence, text) for silence, text in zip(_SILENCES, _texts(), strict=False)]
    ours = value(f"wer[{name}]", _predictions(pairs))
    return LargestDifference(
        max_difference(ours, _normalised_wer(rules, pairs)),
        f"generated: {len(pairs):,} pairs, empty references",
    )


def _librivox(folder: Path) -> LargestDifference:
    """Compare `wer` on real transcripts; the hypothesis for a transcript is the next transcript."""
    lines = (folder / "transcription").read_text().splitlines()
    texts = [line.split("</s>")[0].replace("<s>", "").strip() for line in lines]
    pairs = list(zip(texts, texts[1:] + texts[:1], strict=True))
    expected = _normalised_wer(_whisper("English"), pairs)
    ours = value("wer[whisper_en]", _predictions(pairs))
    return LargestDifference(
        max_difference(ours, expected), f"librivox: {len(pairs)} transcripts, each against the next"
    )


def _roundtrip(_: Path) -> LargestDifference:
    """Compare `roundtrip_wer` for fixed transcripts as features, so that no audio is needed."""
    pairs = list(zip(_texts()[:_N], _texts()[1 : _N + 1], strict=True))
    predictions = [Prediction(str(i), inputs={"text": text}) for i, (text, _) in enumerate(pairs)]
    features = [{"transcript": [transcript]} for _, transcript in pairs]
    ours = measured("roundtrip_wer", predictions, features).value
    expected = _normalised_wer(_whisper("English"), pairs)
    return LargestDifference(
        max_difference(ours, expected), f"generated: {len(pairs)} texts with their transcripts"
    )


def _rtfx(_: Path) -> LargestDifference:
    draws = random.Random(9)
    seconds = [(draws.uniform(1, 30), draws.uniform(0.01, 2)) for _ in range(_N)]
    predictions = [
        Prediction(str(i), tags={"audio_seconds": str(a), "compute_seconds": str(c)})
        for i, (a, c) in enumerate(seconds)
    ]
    expected = sum(a for a, _ in seconds) / sum(c for _, c in seconds)
    return LargestDifference(
        max_difference(value("rtfx", predictions), expected), f"generated: {_N} clips"
    )


_RATES = ("wer", "cer", "mer", "wil")
_TORCHMETRICS = {"wer": "word_error_rate", "cer": "char_error_rate"}
_NORMALISERS = {"basic": "Basic", "whisper_en": "English"}
_OPENAI = "openai-whisper"
CASES = [
    *(
        Case(f"{name}[none]", name, partial(_jiwer, name, _generated, _PROPERTIES), package="jiwer")
        for name in _RATES
    ),
    *(
        Case(
            f"{name}[none]",
            f"{name}, on silence",
            partial(_jiwer, name, _with_silence, "10 % empty references"),
            package="jiwer",
        )
        for name in _RATES
    ),
    *(
        Case(
            f"{name}[none]",
            function,
            partial(_torchmetrics, name, function),
            1e-6,
            "torchmetrics",
        )
        for name, function in _TORCHMETRICS.items()
    ),
    *(
        Case(
            f"normaliser {name}",
            f"{theirs}TextNormalizer: differing texts",
            partial(_normaliser, name, theirs),
            0,
            _OPENAI,
        )
        for name, theirs in _NORMALISERS.items()
    ),
    *(
        Case(
            f"wer[{name}]",
            f"{theirs}TextNormalizer, then jiwer",
            partial(_normalised, name, theirs),
            package=_OPENAI,
        )
        for name, theirs in _NORMALISERS.items()
    ),
    Case(
        "wer[whisper_en]",
        "EnglishTextNormalizer, then jiwer",
        _librivox,
        package=_OPENAI,
        data="speech/librivox",
    ),
    Case("roundtrip_wer", "EnglishTextNormalizer, then jiwer", _roundtrip, package=_OPENAI),
    Case("rtfx", DEFINITION, _rtfx),
    *open_asr.CASES,
]
