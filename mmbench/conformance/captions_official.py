"""The programs of pycocoevalcap, which are written in Java."""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

from mmbench.conformance.captions_sets import sets_in
from mmbench.conformance.case import Skipped
from mmbench.conformance.official import library

Tokens = dict[int, list[str]]


class Scorer(Protocol):
    """A metric of pycocoevalcap."""

    def compute_score(self, given: Tokens, said: Tokens) -> tuple[float, Sequence[float]]:
        """Return the score of all captions, and that of each."""
        ...


@cache
def official(folder: Path, index: int) -> tuple[Tokens, Tokens]:
    """References and captions of a set as pycocoevalcap's own tokenizer gives them."""
    predictions = sets_in(folder)[index]
    given = {i: [{"caption": r} for r in p.target] for i, p in enumerate(predictions)}
    said = {i: [{"caption": p.value}] for i, p in enumerate(predictions)}
    with _java():
        tokenizer = library("pycocoevalcap.tokenizer.ptbtokenizer").PTBTokenizer()
        return tokenizer.tokenize(given), tokenizer.tokenize(said)


def need_java() -> None:
    """Raise Skipped where there is no Java."""
    if shutil.which("java") is None:
        raise Skipped("needs java on the PATH")


@contextmanager
def _java() -> Iterator[None]:
    """Java reads UTF-8 only where the language of the machine says so, or this does."""
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
    """METEOR as pycocoevalcap wraps it, started once."""
    with _java():
        official = library("pycocoevalcap.meteor.meteor").Meteor()
    atexit.register(official.meteor_p.kill)
    scorer: Scorer = official
    return scorer
