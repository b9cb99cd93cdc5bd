"""Lookup of samples by the question, the reference and the media of an output.

The prompt of another program contains the question of the sample, between instructions, options and
solved examples. The question is found as a part of the prompt that is equal to the question of a
sample.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple
from unicodedata import category

from mmbench.datasets.sample_facts import SampleFacts, media_stem, plain_text
from mmbench.types import OutputContext

_LINES = 40  # lines at the end of a prompt that may hold the question
_CUTS = 40  # places where an instruction may end and the question begin, or the reverse
_LABEL = re.compile(": |：")  # after a word such as "Question" in the line of the question
_TRIED = 20  # prompts from which the instructions are determined


class _Affixes(NamedTuple):
    """The instructions before and after the question that all prompts have."""

    before: str = ""
    after: str = ""

    def question(self, prompt: str) -> str:
        return prompt.removeprefix(self.before).removesuffix(self.after).strip()


class ContentIndex:
    """The rows of samples by question, reference and media.

    `prompts` are the prompts of all outputs, from which common instructions are determined.
    """

    def __init__(self, facts: SampleFacts, prompts: Sequence[str]) -> None:
        self._questions = _rows_of([[question] for question in facts.questions])
        self._references = _rows_of(facts.references)
        self._media = _rows_of(facts.media)
        self._first_words = {question.split(" ", 1)[0] for question in self._questions}
        self._affixes = _affixes([plain_text(prompt) for prompt in prompts], self._questions)

    def candidates(self, context: OutputContext) -> set[int]:
        """Return the rows of the samples that have the question, reference and media of an output.

        Only fields that both the output and the data have are compared; references and media that
        no sample has are ignored. If no sample has the question, there are no candidates.
        """
        row_sets = [
            _union(self._media, map(media_stem, context.media)) or None,
            _union(self._references, map(plain_text, context.references)) or None,
        ]
        if self._questions and context.prompt.strip():
            row_sets.append(_union(self._questions, self._parts(context.prompt)))
        known = [rows for rows in row_sets if rows is not None]
        return set.intersection(*known) if known else set()

    def _parts(self, prompt: str) -> Iterator[str]:
        """Yield the parts of a prompt that may be the question, in the form of `plain_text`."""
        yield self._affixes.question(plain_text(prompt))
        lines = [line for line in map(plain_text, prompt.splitlines()) if line][-_LINES:]
        for start, line in enumerate(lines):
            for first in {line, _LABEL.split(line, maxsplit=1)[-1]}:
                if first.split(" ", 1)[0] in self._first_words:
                    for end in range(start + 1, len(lines) + 1):
                        yield " ".join([first, *lines[start + 1 : end]])


def _rows_of(values: Sequence[Iterable[str]]) -> dict[str, list[int]]:
    """Return the rows that have each value; empty values are left out."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, of_row in enumerate(values):
        for value in filter(None, of_row):
            rows[value].append(row)
    return dict(rows)


def _union(index: Mapping[str, Sequence[int]], values: Iterable[str]) -> set[int]:
    return {row for value in values for row in index.get(value, ())}


def _affixes(prompts: Sequence[str], questions: Collection[str]) -> _Affixes:
    """Return the instructions without which most of some prompts are questions.

    Questions may begin with the same words, so that the common beginning of all prompts may contain
    more than the instruction: each number of its words is tried.
    """
    if len(prompts) < 2 or not questions:
        return _Affixes()
    starts = _starts(_common_start(prompts))
    ends = [end[::-1] for end in _starts(_common_start([prompt[::-1] for prompt in prompts]))]
    possible = [_Affixes(start, end) for start in starts for end in ends]
    tried = prompts[:_TRIED]
    return max(possible, key=lambda one: sum(one.question(p) in questions for p in tried))


def _common_start(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    pairs = enumerate(zip(first, last, strict=False))
    return first[: next((at for at, (a, b) in pairs if a != b), len(first))]


def _starts(text: str) -> list[str]:
    """Return the longest beginnings of a text that end between two words, the shortest first.

    The empty text is always one of them.
    """
    pairs = enumerate(pairwise(text), 1)
    cuts = [*(at for at, (before, after) in pairs if _is_cut(before, after)), len(text)]
    return [text[:cut] for cut in (0, *cuts[-_CUTS:])]


def _is_cut(before: str, after: str) -> bool:
    """Return whether a word may end between two characters.

    This is after a blank and punctuation, and next to letters without case, because Chinese,
    Japanese, Thai and other scripts have no blanks between words.
    """
    return category(before)[0] in "ZP" or "Lo" in (category(before), category(after))
