"""Comparison of samples with the inputs and references that another program stored.

Texts are compared without case, with single spaces, and with composed characters (NFC).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from string import ascii_uppercase
from typing import NamedTuple
from unicodedata import normalize

from mmbench.columns import column
from mmbench.text import path_id
from mmbench.types import InvalidContent, Media, OutputContext, Sample

# Inputs that are not the question.
_OPTIONS = "options"
_QUESTIONS = ("question", "text", "prompt")


class SampleFacts(NamedTuple):
    """What identifies each sample, in row order: its id, question, references and media.

    Texts are in the form of `plain_text`, media in the form of `media_stem`. A question is "" if
    the sample has none, or if all samples have the same question. `repeated` are the questions of
    several samples, and `known_media` the media of all samples.
    """

    ids: Sequence[str]
    questions: Sequence[str]
    references: Sequence[frozenset[str]]
    media: Sequence[frozenset[str]]
    repeated: frozenset[str]
    known_media: frozenset[str]


class Agreement(NamedTuple):
    """Whether an output and a sample have the same question, a common reference, common media.

    None means that one of them has nothing to compare. `media` is False only if the media are those
    of other samples and several samples have the question, because programs rename media files.
    """

    question: bool | None
    reference: bool | None
    media: bool | None

    @property
    def confirms(self) -> bool:
        """Return whether any of the three is the same."""
        return True in self

    @property
    def contradicts(self) -> bool:
        """Return whether there is something to compare and none of it is the same.

        A question that several samples have is not enough if the media are those of another sample.
        """
        confirms = self.reference is True if self.media is False else self.confirms
        return False in self and not confirms


def plain_text(text: str) -> str:
    """Return a text in the form in which texts are compared."""
    return " ".join(normalize("NFC", text).casefold().split())


def media_stem(name: str) -> str:
    """Return the file name of a path or URL, without the extension."""
    return PurePosixPath(path_id(name.split("?")[0].replace("\\", "/"))).stem.casefold()


def sample_facts(samples: Sequence[Sample], labels: Sequence[str] = ()) -> SampleFacts:
    """Return the facts of samples. `labels` are the class names of targets that are indices."""
    questions = [_question(sample) for sample in samples]
    same = len(set(questions)) == 1 and len(questions) > 1
    questions = [""] * len(questions) if same else questions
    media = [_media(sample) for sample in samples]
    return SampleFacts(
        column(samples, "id"),
        questions,
        [reference_forms(sample.target, labels) for sample in samples],
        media,
        frozenset(question for question, n in Counter(questions).items() if n > 1),
        frozenset().union(*media),
    )


def _question(sample: Sample) -> str:
    texts = {n: c for n, c in sample.inputs.items() if isinstance(c, str) and n != _OPTIONS}
    name = next((name for name in _QUESTIONS if name in texts), next(iter(texts), ""))
    return plain_text(texts.get(name, ""))


def reference_forms(target: object, labels: Sequence[str] = ()) -> frozenset[str]:
    """Return the forms in which another program may store a reference.

    These are the text, each of several texts, the letter and the text of the right option, or the
    name and the number of a class.
    """
    if isinstance(target, dict):
        options, answer = target.get("options"), target.get("answer")
        texts = dict(zip(ascii_uppercase, options or [], strict=False))
        return _plain([answer, texts.get(str(answer), "")])
    if isinstance(target, int) and 0 <= target < len(labels):
        return _plain([labels[target], target])
    return _plain(target if isinstance(target, list) else [target])


def _plain(values: Iterable[object]) -> frozenset[str]:
    texts = [plain_text(str(v)) for v in values if isinstance(v, str | int | float)]
    return frozenset(text for text in texts if text)


def _media(sample: Sample) -> frozenset[str]:
    media = [c for c in sample.inputs.values() if isinstance(c, Media | InvalidContent)]
    return frozenset(media_stem(medium.name) for medium in media if medium.name)


def agreement(context: OutputContext, facts: SampleFacts, row: int) -> Agreement:
    """Compare an output with the sample in a row."""
    question, prompt = facts.questions[row], plain_text(context.prompt)
    references = _plain(context.references)
    return Agreement(
        question in prompt if question and prompt else None,
        bool(references & facts.references[row]) if references and facts.references[row] else None,
        _same_media(frozenset(map(media_stem, context.media)), facts, row),
    )


def _same_media(media: frozenset[str], facts: SampleFacts, row: int) -> bool | None:
    if media & facts.media[row]:
        return True
    of_others = media & facts.known_media and facts.questions[row] in facts.repeated
    return False if of_others else None
