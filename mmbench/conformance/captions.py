"""Conformance cases of caption metrics: pycocoevalcap on the same captions, published values."""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from mmbench.conformance.caption_sets import describe, sets_in
from mmbench.conformance.case import (
    Case,
    LargestDifference,
    Skipped,
    max_difference,
    measured,
    value,
)
from mmbench.conformance.packages import library
from mmbench.errors import UserError
from mmbench.metrics.captions import sentence_bleu
from mmbench.metrics.captions.chair.objects import OBJECTS
from mmbench.metrics.captions.ptb import caption_tokens
from mmbench.types import Prediction

Tokens = dict[int, list[str]]


class Scorer(Protocol):
    """The interface of a pycocoevalcap metric."""

    def compute_score(
        self, references: Tokens, candidates: Tokens
    ) -> tuple[float, Sequence[float]]:
        """Return the corpus score and the score of each caption."""
        ...


@cache
def official(folder: Path, index: int) -> tuple[Tokens, Tokens]:
    """Return the references and the captions of set number `index`, tokenised by pycocoevalcap.

    Tokens are joined by spaces; the keys are positions in the set.
    """
    predictions = sets_in(folder)[index]
    references = {i: [{"caption": r} for r in p.target] for i, p in enumerate(predictions)}
    candidates = {i: [{"caption": p.value}] for i, p in enumerate(predictions)}
    with _java():
        tokenizer = library("pycocoevalcap.tokenizer.ptbtokenizer").PTBTokenizer()
        return tokenizer.tokenize(references), tokenizer.tokenize(candidates)


def need_java() -> None:
    """Raise Skipped if there is no `java` on the PATH."""
    if shutil.which("java") is None:
        raise Skipped("no `java` on the PATH; install Java 8 or later")


@contextmanager
def _java() -> Iterator[None]:
    """Make Java processes read UTF-8 within the context, regardless of the system locale."""
    need_java()
    name = "JAVA_TOOL_OPTIONS"
    before = os.environ.get(name)
    os.environ[name] = f"{before or ''} -Dfile.encoding=UTF-8 -Duser.language=en"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


@cache
def meteor_program() -> Scorer:
    """Start pycocoevalcap's METEOR process on the first call, and return its scorer."""
    with _java():
        program = library("pycocoevalcap.meteor.meteor").Meteor()
    atexit.register(program.meteor_p.kill)
    scorer: Scorer = program
    return scorer


def _tokens(folder: Path) -> LargestDifference:
    """Count the captions and references that mmbench and PTBTokenizer tokenise differently."""
    differ = total = 0
    for index, predictions in enumerate(sets_in(folder)):
        references, candidates = official(folder, index)
        texts = [text for p in predictions for text in (p.value, *p.target)]
        theirs = [
            text for i in range(len(predictions)) for text in (*candidates[i], *references[i])
        ]
        ours = [" ".join(caption_tokens(text)) for text in texts]
        differ += sum(one != other for one, other in zip(ours, theirs, strict=True))
        total += len(texts)
    return LargestDifference(differ, f"{describe(folder)}; {total:,} texts with references")


def _each(
    folder: Path, compare: Callable[[list[Prediction], Tokens, Tokens], float]
) -> LargestDifference:
    differences = [compare(p, *official(folder, i)) for i, p in enumerate(sets_in(folder))]
    return LargestDifference(max(differences), f"{describe(folder)}; corpus and each caption")


def _bleu(folder: Path) -> LargestDifference:
    def compare(predictions: list[Prediction], references: Tokens, candidates: Tokens) -> float:
        scorer = library("pycocoevalcap.bleu.bleu").Bleu(4)
        corpus, each = scorer.compute_score(references, candidates, verbose=0)
        ours = [measured(f"bleu@{n}", predictions) for n in range(1, 5)]
        captions = [sentence_bleu(scored.rows, n) for n, scored in enumerate(ours, 1)]
        return max(
            max_difference([scored.value for scored in ours], corpus),
            max_difference(captions, each),
        )

    return _each(folder, compare)


def _by_caption(name: str, scorer: str, folder: Path) -> LargestDifference:
    """Compare a metric that averages over captions with a scorer of pycocoevalcap.

    `scorer` is the scorer's class as "module:Class".
    """

    def compare(predictions: list[Prediction], references: Tokens, candidates: Tokens) -> float:
        module, _, attribute = scorer.partition(":")
        theirs: Scorer = getattr(library(f"pycocoevalcap.{module}"), attribute)()
        corpus, each = theirs.compute_score(references, candidates)
        ours = measured(name, predictions)
        return max(max_difference(ours.value, corpus), max_difference(ours.rows[:, 0], each))

    return _each(folder, compare)


def _meteor(folder: Path) -> LargestDifference:
    """Compare METEOR on the first captions of each set only: the jar takes 20 ms per caption."""
    program = meteor_program()

    def compare(predictions: list[Prediction], references: Tokens, candidates: Tokens) -> float:
        few = range(min(_METEOR, len(predictions)))
        texts = [{i: tokens[i] for i in few} for tokens in (references, candidates)]
        return max_difference(
            value("meteor", predictions[:_METEOR]), program.compute_score(*texts)[0]
        )

    comparison = _each(folder, compare)
    return LargestDifference(
        comparison.difference, f"{describe(folder)}; corpora of the first {_METEOR}"
    )


def _golden(expected: dict[str, float], index: int, inputs: str, folder: Path) -> LargestDifference:
    """Compare the metrics in `expected` with their published values, on the set number `index`.

    `expected` maps the name of a metric to its published value.
    """
    if "meteor" in expected:
        need_java()
    predictions = sets_in(folder)[index]
    ours = [value(name, predictions) for name in expected]
    return LargestDifference(max_difference(ours, list(expected.values())), inputs)


def _spice(folder: Path) -> LargestDifference:
    try:
        ours = value("spice", sets_in(folder)[0])
    except UserError as error:
        raise Skipped("spice needs Java 8 to 14 and the jars of CoreNLP 3.6.0") from error
    return LargestDifference(max_difference(ours, 0.133), describe(folder))


def _spider(folder: Path) -> LargestDifference:
    try:
        ours = value("spider", sets_in(folder)[0])
    except UserError as error:
        raise Skipped("spider needs Java 8 to 14 and the jars of CoreNLP 3.6.0") from error
    return LargestDifference(max_difference(ours, (0.600 + 0.133) / 2), describe(folder))


def _chair(name: str, folder: Path) -> LargestDifference:
    """Compare CHAIR with the official code's counts for fakecap.

    COCO's annotations are not part of the data: image n has the objects 7n, 7n + 13 and 7n + 26.
    """
    names = list(dict.fromkeys(OBJECTS.values()))
    predictions = [
        replace(p, tags={"objects": ", ".join({names[(7 * n + k) % 80] for k in (0, 13, 26)})})
        for n, p in enumerate(sets_in(folder)[0])
    ]
    above, below = _CHAIR[name]
    inputs = f"{describe(folder)}; three generated objects each"
    return LargestDifference(max_difference(value(name, predictions), above / below), inputs)


def _numbers(bleu: str, meteor: float, rouge: float, cider: float) -> dict[str, float]:
    orders = {f"bleu@{n}": float(text) for n, text in enumerate(bleu.split(), 1)}
    return {**orders, "meteor": meteor, "rouge_l": rouge, "cider": cider}


_FAKECAP = _numbers(".579 .404 .279 .191", 0.195, 0.396, 0.600)
_GOOD = _numbers(".6667 .4899 .3469 .0000", 0.3444, 0.4280, 0.5637)
_BAD = _numbers(".4815 .2404 .1359 .0000", 0.1861, 0.3121, 0.2790)
_NLG = _numbers(".550000 .428174 .284043 .201143", 0.295797, 0.522104, 1.242192)
_METEOR = 200
# Counts by the steps of LisaAnne/Hallucination utils/chair.py (6e4d33c), with pattern.en (d25511f)
# and NLTK 3.10.4; those of the recall by Maxlinn/CHAIR-metric-standalone chair.py (471eb75).
_CHAIR = {"chair_i": (559, 1609), "chair_s": (458, 1000), "chair_recall": (1017, 4909)}
_PACKAGE = "pycocoevalcap"
_SCORERS = {"rouge_l": "rouge.rouge:Rouge", "cider": "cider.cider:Cider"}


def _goldens(
    folder: str, source: str, numbers: dict[str, float], index: int, inputs: str, tolerance: float
) -> list[Case]:
    parts: dict[str, dict[str, float]] = {}
    for name, number in numbers.items():
        parts.setdefault("bleu@1…4" if name.startswith("bleu") else name, {})[name] = number
    source, data = f"golden: {source}", f"captions/{folder}"
    return [
        Case(name, source, partial(_golden, part, index, inputs), tolerance, data=data)
        for name, part in parts.items()
    ]


def _packages(data: str) -> list[Case]:
    """Return the cases of all scorers on one data folder; they share the cached tokens."""
    tokenizer = "PTBTokenizer: differing texts"
    return [
        Case("ptb tokens", tokenizer, _tokens, 0, _PACKAGE, data),
        Case("bleu@1…4", "Bleu", _bleu, package=_PACKAGE, data=data),
        *(
            Case(
                name,
                scorer.partition(":")[2],
                partial(_by_caption, name, scorer),
                package=_PACKAGE,
                data=data,
            )
            for name, scorer in _SCORERS.items()
        ),
        Case("meteor", "Meteor", _meteor, package=_PACKAGE, data=data),
    ]


CASES = [
    *(
        case
        for data in ("", "captions/fakecap", "captions/aac-metrics")
        for case in _packages(data)
    ),
    *_goldens("fakecap", "coco-caption notebook", _FAKECAP, 0, "fakecap: 1,000 captions", 5e-4),
    *_goldens("clipscore", "clipscore README", _GOOD, 0, "clipscore: 2 good captions", 5e-5),
    *_goldens("clipscore", "clipscore README", _BAD, 1, "clipscore: 2 bad captions", 5e-5),
    *_goldens("nlg-eval", "nlg-eval README", _NLG, 0, "nlg-eval: 2 captions", 5e-7),
    Case("spider", "golden: coco-caption notebook", _spider, 5e-4, data="captions/fakecap"),
    *(
        Case(
            name,
            "golden: Hallucination utils/chair.py",
            partial(_chair, name),
            data="captions/fakecap",
        )
        for name in _CHAIR
    ),
    Case("spice", "golden: coco-caption notebook", _spice, 5e-4, data="captions/fakecap"),
]
