"""Samples as labelled lines: their inputs, references and tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple

from mmbench.cli.output.terminal import listing
from mmbench.comparison.samples.output_text import is_media, place_text
from mmbench.comparison.samples.run_sample import RunSample
from mmbench.metrics.speech.alignment import ErrorRate
from mmbench.text import count, plain, printable
from mmbench.types import MediaPlace

_EXCERPT = 300  # characters of a text in a list of samples
_WHOLE = 20_000  # characters of a text of a single sample
_SCANNED = 10_000  # characters that an excerpt is made from
_REFERENCES = 5  # references of a sample shown in a list of samples
OPTIONS = "options"  # the input that has an option in each line


class Field(NamedTuple):
    """A label and its lines; the lines are safe to print."""

    label: str
    lines: list[str]


class View(NamedTuple):
    """What is shown of samples, and in how many cells.

    `metric` is the score that orders the samples. If `whole` is true, texts and reasoning are shown
    in full. `rate` is the error rate whose alignment is shown, None for no alignment. `labels` are
    the class names, and `parsers` the metrics that parse answers. `width` is the width of the
    terminal, None if nothing is wrapped.
    """

    metric: str
    width: int | None
    whole: bool = False
    rate: ErrorRate | None = None
    labels: Sequence[str] = ()
    parsers: Sequence[str] = ()


def field_lines(fields: Iterable[Field], width: int | None, indent: int) -> list[str]:
    """Return fields as lines; only the first line of a field has the label."""
    rows = [
        ["" if nth else field.label, line]
        for field in fields
        for nth, line in enumerate(field.lines)
    ]
    return [line.rstrip() for line in listing(rows, width, indent)]


def text_lines(text: str, whole: bool) -> list[str]:
    """Return a text as lines: an excerpt in one line or, if `whole`, the text with its lines."""
    if not text.strip():
        return ["(empty)"]
    if not whole:
        excerpt = plain(text[:_SCANNED], _EXCERPT)
        hidden = len(text) > _SCANNED and not excerpt.endswith("…")
        return [f"{excerpt} …" if hidden else excerpt]
    rest = len(text) - _WHOLE
    more = [f"… and {count(rest, 'more character')}; --json prints all"] if rest > 0 else []
    return [*printable(text[:_WHOLE].strip("\n")).split("\n"), *more]


def input_fields(sample: RunSample, view: View) -> Iterator[Field]:
    """Yield the inputs of a sample and its references, equal references once with their number."""
    yield from _contents(sample.texts, sample.media, view)
    if is_media(sample.target):
        return  # an image or an audio clip, which is among the media
    numbers = Counter(sample.references).most_common(None if view.whole else _REFERENCES)
    lines = []
    for text, times in numbers:
        first, *more = text_lines(text, view.whole)
        lines += [first + (f" ({times} times)" if times > 1 else ""), *more]
    rest = len(sample.references) - sum(times for _, times in numbers)
    lines += [f"… and {count(rest, 'more reference')}"] if rest else []
    if lines:
        yield Field("reference" if len(sample.references) == 1 else "references", lines)


def _contents(texts: dict[str, str], media: dict[str, MediaPlace], view: View) -> Iterator[Field]:
    for name, text in texts.items():
        lines = text.split("\n") if name == OPTIONS else [text]
        yield Field(
            plain(name, 30), [part for one in lines for part in text_lines(one, view.whole)]
        )
    for name, place in media.items():
        yield Field(plain(name, 30), [plain(place_text(place), 1_000)])


def short_place(place: MediaPlace) -> str:
    """Return the file name of a media item, or its name if it is not a separate file."""
    path = "" if place.inside is not None else place.path or place.url
    return PurePath(path).name or place.name


def tag_fields(sample: RunSample, view: View) -> Iterator[Field]:
    """Yield the tags of a sample and, if all is shown, its group and its tokens."""
    tags = ", ".join(f"{plain(name)}={plain(value)}" for name, value in sample.tags.items())
    if tags:
        yield Field("tags", [tags])
    if view.whole and sample.group:
        yield Field("group", [plain(sample.group)])
    if view.whole and sample.tokens is not None:
        yield Field("tokens", [f"{sample.tokens:,}"])
