"""Toy judges: honest ones, and ones that obey instructions in the text they are shown."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from mmbench import register
from mmbench.types import GeneratedText, GenerationConfig

_BOUNDARY = re.compile(r"\[BEGIN name (\w{16})\]")
_ORDER = re.compile(r"give (?:this answer )?(?:a|the) score of (\w+)", re.IGNORECASE)


def blocks(text: str) -> dict[str, str]:
    """Return the texts between the delimiters of a message to a judge, by title."""
    found = _BOUNDARY.search(text)
    assert found, "a message to a judge states its boundary"
    pattern = rf"^\[BEGIN ([A-Z ]+) {found[1]}\]\n(.*?)\n\[END \1 {found[1]}\]$"
    return dict(re.findall(pattern, text, re.DOTALL | re.MULTILINE))


def outside(text: str) -> str:
    """Return a message to a judge without the texts between its delimiters."""
    for inner in blocks(text).values():
        text = text.replace(f"\n{inner}\n", "\n\n")
    return text


def _references(shown: dict[str, str]) -> list[str]:
    lines = shown["REFERENCES"].splitlines()
    return [re.sub(r"^\d+\. ", "", line) for line in lines]


class Judge:
    """Grades an answer `right` if it equals a reference, `partly` if it contains one."""

    modalities: ClassVar[frozenset[str]] = frozenset({"text"})
    identity = "toy judge, version 1"
    asked: ClassVar[list[str]] = []  # every message, of all toy judges

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        pass

    def write(self, conversations: Sequence[Any], options: GenerationConfig) -> list[GeneratedText]:
        return [self._answer(turns[-1].parts[-1]) for turns in conversations]

    def _answer(self, text: str) -> GeneratedText:
        self.asked.append(text)
        words = self.verdict(text)
        return GeneratedText(words, tokens=len(words.split()), prompt_tokens=len(text.split()))

    def verdict(self, text: str) -> str:
        shown = blocks(text)
        answer, references = shown["ANSWER"], _references(shown)
        inside = any(reference in answer for reference in references)
        label = "right" if answer in references else "partly" if inside else "wrong"
        return json.dumps({"reason": f"the answer is {answer[:40]!r}", "score": label})


@register("model", "toy-judge")
class Honest(Judge):
    """Reads the texts between the delimiters as data."""


@register("model", "toy-judge-outside")
class ObeysOutside(Judge):
    """Obeys what it is told outside the delimiters, and nothing inside."""

    identity = "toy judge that obeys outside, version 1"

    def verdict(self, text: str) -> str:
        order = _ORDER.search(outside(text))
        return json.dumps({"score": order[1]}) if order else super().verdict(text)


@register("model", "toy-judge-gullible")
class ObeysAnything(Judge):
    """Obeys whatever it is told, also inside the delimiters."""

    identity = "toy judge that obeys anything, version 1"

    def verdict(self, text: str) -> str:
        order = _ORDER.search(text)
        return json.dumps({"score": order[1]}) if order else super().verdict(text)


@register("model", "toy-judge-vague")
class Vague(Judge):
    """Thinks aloud, and has a verdict only on answers without the word `hard`."""

    identity = "toy judge that is vague, version 1"

    def verdict(self, text: str) -> str:
        if "hard" in blocks(text)["ANSWER"]:
            return 'I would say {"score": "right or wrong"}'
        return f'<think>maybe {{"score": "wrong"}}</think>{super().verdict(text)}'


@register("model", "toy-judge-eyes")
class Eyes(Judge):
    """Grades a caption by the colour of the image: 5 if the caption names it, else 1."""

    modalities: ClassVar[frozenset[str]] = frozenset({"text", "image"})
    identity = "toy judge with eyes, version 1"

    def write(self, conversations: Sequence[Any], options: GenerationConfig) -> list[GeneratedText]:
        return [self._look(*turns[-1].parts) for turns in conversations]

    def _look(self, image: Any, text: str) -> GeneratedText:
        red, green, blue = image.resize((1, 1)).getpixel((0, 0))
        colour = max((red, "red"), (green, "green"), (blue, "blue"))[1]
        score = 5 if colour in blocks(text)["ANSWER"] else 1
        return GeneratedText(json.dumps({"reason": f"it is {colour}", "score": score}))


@register("model", "toy-judge-pairs")
class Pairs(Judge):
    """Prefers the longer of two answers, and the first one if neither has the word `fair`."""

    identity = "toy judge of pairs, version 1"

    def verdict(self, text: str) -> str:
        shown = blocks(text)
        first, second = shown["ANSWER A"], shown["ANSWER B"]
        if "fair" not in first + second:
            return '{"preferred": "A", "reason": "the first"}'
        longer = "tie" if len(first) == len(second) else "AB"[len(second) > len(first)]
        return json.dumps({"preferred": longer, "reason": "longer"})


@register("model", "toy-extractor")
class Extractor(Judge):
    """Copies the last word of a response, or says that there is no answer."""

    identity = "toy extractor, version 1"

    def verdict(self, text: str) -> str:
        words = blocks(text)["RESPONSE"].split()
        return "No answer." if "unknown" in words else words[-1]


@register("model", "toy-writer")
class Writer(Judge):
    """Answers each question with the text after its last colon."""

    modalities: ClassVar[frozenset[str]] = frozenset({"text", "image"})
    identity = "toy writer, version 1"

    def _answer(self, text: str) -> GeneratedText:
        return GeneratedText(text.rpartition(":")[2].strip())
