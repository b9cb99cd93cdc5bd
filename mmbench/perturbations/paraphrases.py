"""Paraphrases of texts, given as a table, and the seeded choice among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from mmbench.perturbations.texts import text_rng
from mmbench.text import count, part_of
from mmbench.types import Perturbation

_SHOWN = 100  # characters of a text in messages


class Paraphrases(NamedTuple):
    """The paraphrases in a file, by text or, if `by_id`, by the id of the sample with the text."""

    file: str
    by_id: bool
    texts: Mapping[str, Sequence[str]]


class ParaphrasedTexts:
    """Replaces texts by paraphrases, and lists the texts without one.

    Of several paraphrases, one is drawn with random numbers that depend on the text, the file and
    the seed alone, so that equal texts get the same paraphrase.
    """

    def __init__(self, paraphrases: Paraphrases, perturbation: Perturbation) -> None:
        self._paraphrases, self._perturbation = paraphrases, perturbation
        self._keys: set[str] = set()  # what the file should name: texts, or ids
        self._missing: dict[str, str] = {}  # texts without a paraphrase, by key

    def column(self, ids: Sequence[str], contents: Sequence[object]) -> Iterator[object]:
        """Yield the contents of samples, texts replaced; a text without a paraphrase stays."""
        for ident, content in zip(ids, contents, strict=True):
            yield self._replaced(ident, content) if isinstance(content, str) else content

    def _replaced(self, ident: str, text: str) -> str:
        key = ident if self._paraphrases.by_id else text
        self._keys.add(key)
        known = self._paraphrases.texts.get(key, ())
        if not known:
            self._missing[key] = text
            return text
        change = self._perturbation
        rng = text_rng(change.seed, change.name, change.value, text)
        return known[int(rng.random() * len(known))]

    def fault(self) -> str:
        """Return how many texts have no paraphrase, and the first; "" if all have one."""
        if not self._missing:
            return ""
        key, text = next(iter(self._missing.items()))
        first = f"{text[:_SHOWN]!r}{f' (id {key})' if self._paraphrases.by_id else ''}"
        missing = part_of(len(self._missing), len(self._keys), "text")
        return (
            f"{missing} no paraphrase in {self._paraphrases.file}, e.g. {first}; add"
            f" {count(len(self._missing), 'row')}, or give a text as its own paraphrase to keep it"
        )
