"""An alignment of two texts as lines: reference, hypothesis, and a line that marks the errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mmbench.cli.output.terminal import display_width, truncated
from mmbench.metrics.speech.alignment import Alignment, Step
from mmbench.text import count, plain

_LABELS = ("reference", "hypothesis", "")
_MARKS = {"equal": "", "merge": "=", "substitute": "S", "delete": "D", "insert": "I"}
_GAP = "*"  # fills the place of a missing token, as in the reports of sclite
_SPACE = "␣"  # a space among characters
_MOST = 2_000  # tokens shown
_LONGEST = 1_000  # characters of a token
_NARROWEST = 8  # cells of a token, at least


class _Column(NamedTuple):
    """A pair of tokens and the mark below it, of equal widths."""

    cells: tuple[str, str, str]
    width: int


def alignment_lines(alignment: Alignment, width: int | None, indent: int = 0) -> list[str]:
    """Return the lines of an alignment, wrapped at the width of the terminal.

    A mark below a pair of tokens is S for a substitution, D for a deletion and I for an insertion;
    = is a compound that costs nothing. A missing token is shown as asterisks. Tokens wider than a
    line are truncated.
    """
    start = indent + max(map(len, _LABELS)) + 2
    room = None if width is None else max(_NARROWEST, width - start)
    gap = 0 if alignment.characters else 1
    columns = [_column(step, room) for step in alignment.steps[:_MOST]]
    lines: list[str] = []
    for group in _groups(columns, room, gap):
        lines += [""] if lines else []
        lines += [
            line.rstrip() for line in _group_lines(group, " " * gap, indent, start) if line.strip()
        ]
    rest = len(alignment.steps) - _MOST
    unit = "character" if alignment.characters else "word"
    lines += [f"{' ' * start}… and {count(rest, f'more {unit}')}"] if rest > 0 else []
    return [*lines, " " * indent + _summary(alignment, unit)]


def _column(step: Step, room: int | None) -> _Column:
    texts = (step.reference, step.hypothesis)
    tokens = [_token(text, room, blank=step.operation == "equal") for text in texts]
    width = max(1, *map(display_width, tokens))
    reference, hypothesis = (token or _GAP * width for token in tokens)
    return _Column((reference, hypothesis, _MARKS[step.operation]), width)


def _token(text: str, room: int | None, *, blank: bool) -> str:
    """Return a token as it is shown, in at most `room` cells; a space is blank, or a sign."""
    if text == " ":
        return text if blank else _SPACE
    visible = plain(text, _LONGEST) or ("\ufffd" if text else "")
    return visible if room is None else truncated(visible, room)


def _groups(columns: Sequence[_Column], room: int | None, gap: int) -> Iterator[list[_Column]]:
    """Yield the columns of each line."""
    group: list[_Column] = []
    used = 0
    for column in columns:
        if group and room is not None and used + column.width > room:
            yield group
            group, used = [], 0
        group.append(column)
        used += column.width + gap
    if group:
        yield group


def _group_lines(group: Sequence[_Column], gap: str, indent: int, start: int) -> Iterator[str]:
    for at, label in enumerate(_LABELS):
        cells = gap.join(c.cells[at] + " " * (c.width - display_width(c.cells[at])) for c in group)
        yield f"{' ' * indent}{label:{start - indent}}{cells}"


def _summary(alignment: Alignment, unit: str) -> str:
    if alignment.left_out:
        return "left out by the metric: the reference is empty or a remark"
    edits = alignment.edits
    parts = [
        count(number, noun)
        for number, noun in (
            (edits.substitutions, "substitution"),
            (edits.deletions, "deletion"),
            (edits.insertions, "insertion"),
        )
        if number
    ]
    errors = f"{count(edits.edits, 'error')} in {count(edits.reference, unit)}"
    return (
        f"{errors}: {', '.join(parts)}" if parts else f"no error in {count(edits.reference, unit)}"
    )
