"""Blocks of lines, one for each sample: in one run, or in two runs side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from mmbench.cli.output.board_table import short_name
from mmbench.cli.output.samples.alignment_lines import alignment_lines
from mmbench.cli.output.samples.fields import Field, View, field_lines, input_fields, tag_fields
from mmbench.cli.output.samples.outputs import majority_class, output_fields
from mmbench.cli.output.terminal import display_width, wrapped
from mmbench.comparison.samples.run_sample import RunSample
from mmbench.comparison.samples.transcripts import transcript_alignment
from mmbench.text import plain
from mmbench.text.excerpts import excerpts

_INDENT = 2
_GAP = 2  # blanks between two columns
_NARROWEST = 28  # cells of a column, at least; otherwise two outputs are below each other
_EXCERPT = 300  # characters of an answer that is compared with another one
ROLES = ("baseline", "candidate")
_MAJORITY = ("not in the majority", "in the majority")
_FAILED, _MISSING = "failed", "n/a"  # in place of the value of a sample


class Pair(NamedTuple):
    """A sample in two runs; None if a run does not have it."""

    baseline: RunSample | None
    candidate: RunSample | None

    @property
    def sample(self) -> RunSample:
        """The sample in the candidate or, if that does not have it, in the baseline."""
        sample = self.candidate or self.baseline
        assert sample is not None, "a pair has a sample in one of the runs"
        return sample


def sample_block(sample: RunSample, nth: int, view: View) -> list[str]:
    """Return the lines of a sample in one run: a heading, inputs, output and alignment."""
    fields = [*input_fields(sample, view), *output_fields(sample, view), *tag_fields(sample, view)]
    return [
        _heading(sample, nth, value_text(sample, view.metric), view),
        *field_lines(fields, view.width, _INDENT),
        *_alignment(sample, view),
    ]


def pair_block(pair: Pair, nth: int, view: View) -> list[str]:
    """Return the lines of a sample in two runs: both outputs side by side if there is room."""
    sample = pair.sample
    values = [value_text(one, view.metric) if one else "no such sample" for one in pair]
    change = values[0] if values[0] == values[1] else " → ".join(values)
    lines = [_heading(sample, nth, change, view)]
    shared = [*input_fields(sample, view), *tag_fields(sample, view)]
    lines += field_lines(shared, view.width, _INDENT)
    lines += _both(pair, view)
    for role, one in zip(ROLES, pair, strict=True):
        if one and (aligned := _alignment(one, view, 2 * _INDENT)):
            lines += [f"{' ' * _INDENT}{role}", *aligned]
    return lines


def value_text(sample: RunSample, metric: str) -> str:
    """Return the value of a sample by a metric as text; `failed` or `n/a` if it has none.

    A sample of a clustering is in the majority of its cluster, or not.
    """
    if metric in sample.scores and majority_class(sample) is not None:
        return _MAJORITY[sample.scores[metric] == 1]
    if metric in sample.scores:
        return f"{sample.scores[metric]:.4g}"
    return _MISSING if sample.error is None and sample.rejected is None else _FAILED


def _heading(sample: RunSample, nth: int, value: str, view: View) -> str:
    if value not in (_FAILED, _MISSING) and majority_class(sample) is None:
        value = f"{plain(short_name(view.metric, sample.direction))} {value}"
    rank = "" if sample.rank is None else f"rank {sample.rank:,}"
    parts = [f"{nth}", plain(sample.id), plain(sample.direction), value, rank]
    return "  ".join(filter(None, parts))


def _alignment(sample: RunSample, view: View, indent: int = _INDENT) -> list[str]:
    alignment = transcript_alignment(sample.output, sample.target, view.rate)
    return alignment_lines(alignment, view.width, indent) if alignment else []


def _both(pair: Pair, view: View) -> list[str]:
    """Return the outputs of both runs as two columns or, without enough room, below each other."""
    columns = [list(_output(one, other, view)) for one, other in (pair, pair[::-1])]
    labels = list(dict.fromkeys(field.label for fields in columns for field in fields))
    label_width = max(map(display_width, labels), default=0)
    if view.width is not None:
        room = (view.width - _INDENT - label_width - 2 * _GAP) // 2
        if room >= _NARROWEST:
            return list(_side_by_side(columns, labels, label_width, room))
    lines = []
    for role, fields in zip(ROLES, columns, strict=True):
        lines += [f"{' ' * _INDENT}{role}", *field_lines(fields, view.width, 2 * _INDENT)]
    return lines


def _output(sample: RunSample | None, other: RunSample | None, view: View) -> Iterator[Field]:
    """Yield the output of a sample; a long answer is cut around its difference to the other one."""
    if sample is None:
        return
    answer = ""
    if other is not None and not view.whole and sample.answer_text.strip():
        answer = excerpts(sample.answer_text, other.answer_text, _EXCERPT)[0]
    yield from output_fields(sample, view, answer)


def _side_by_side(
    columns: Sequence[Sequence[Field]], labels: Iterable[str], label_width: int, room: int
) -> Iterator[str]:
    """Yield the fields of both runs in two columns of `room` cells."""
    blank = " " * (label_width + _GAP)
    yield f"{' ' * _INDENT}{blank}{ROLES[0]:{room + _GAP}}{ROLES[1]}"
    for label in labels:
        cells = [
            [
                part
                for field in fields
                if field.label == label
                for part in _broken(field.lines, room)
            ]
            for fields in columns
        ]
        start = label + " " * (label_width - display_width(label) + _GAP)
        for left, right in zip_longest(*cells, fillvalue=""):
            gap = " " * (room - display_width(left) + _GAP)
            yield f"{' ' * _INDENT}{start}{left}{gap}{right}".rstrip()
            start = blank


def _broken(lines: Iterable[str], room: int) -> Iterator[str]:
    """Yield lines of at most `room` cells; a word that is longer is broken."""
    for line in lines:
        for part in wrapped(line, room, hang=0):
            while display_width(part) > room:
                cut = next(n for n in range(room, 0, -1) if display_width(part[:n]) <= room)
                yield part[:cut]
                part = part[cut:]
            yield part
