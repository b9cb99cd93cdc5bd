"""Samples as JSON objects and as rows of a CSV file; docs/inspect.md describes the fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from typing import Any

import msgspec

from mmbench.cli.output.samples.blocks import ROLES, Pair
from mmbench.cli.output.samples.fields import OPTIONS
from mmbench.comparison.samples.output_text import place_text
from mmbench.comparison.samples.run_sample import Hit, RunSample
from mmbench.comparison.samples.transcripts import transcript_alignment
from mmbench.metrics.speech.alignment import ErrorRate
from mmbench.text import csv_cell
from mmbench.text.csv_text import csv_text
from mmbench.types import StoredSample

_CELL = 32_000  # characters; a cell of Excel holds 32,767
_SEPARATOR = " | "  # between the options, and the references, of a sample

Row = dict[str, object]


def sample_object(sample: RunSample, rate: ErrorRate | None) -> Row:
    """Return a sample as a JSON object; it has an alignment if there is an error rate."""
    return {**_inputs(sample), **_outputs(sample, rate)}


def pair_object(pair: Pair, rate: ErrorRate | None) -> Row:
    """Return a sample in two runs as a JSON object: its inputs once, and the output of each run."""
    by_role = zip(ROLES, pair, strict=True)
    return {**_inputs(pair.sample), **{role: one and _outputs(one, rate) for role, one in by_role}}


def _inputs(sample: RunSample) -> Row:
    return {
        "id": sample.id,
        "direction": sample.direction,
        "split": sample.split,
        "group": sample.group,
        "tags": sample.tags,
        **_contents(sample),
        "references": sample.references,
        "target": sample.target,
    }


def _contents(sample: RunSample | StoredSample) -> Row:
    """Return texts and places of media; the bytes of media are left out."""
    media = {
        name: {
            **msgspec.to_builtins(msgspec.structs.replace(place, data=None)),
            "stored": place.data is not None,
        }
        for name, place in sample.media.items()
    }
    return {"texts": sample.texts, "media": media}


def _outputs(sample: RunSample, rate: ErrorRate | None) -> Row:
    values: Row = {
        "error": sample.error,
        "rejected": sample.rejected,
        "output": sample.output,
        "answer": sample.answer_text,
        "reasoning": sample.reasoning,
        "tokens": sample.tokens,
        "scores": {name: _number(value) for name, value in sample.scores.items()},
        "details": sample.details,
        "rank": sample.rank,
        "retrieved": [_hit(hit) for hit in sample.hits],
        "relevant": [_hit(hit) for hit in sample.relevant],
    }
    if alignment := transcript_alignment(sample.output, sample.target, rate):
        values["alignment"] = [step._asdict() for step in alignment.steps]
    return values


def _hit(hit: Hit) -> Row:
    contents = {} if hit.sample is None else _contents(hit.sample)
    return {"rank": hit.rank or None, "id": hit.id, "relevant": hit.relevant, **contents}


def _number(value: float) -> float | None:
    return None if isnan(value) else value


def to_csv(rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows as CSV with the columns of all rows, in the order of their first appearance."""
    return csv_text({_cell(name): _cell(value) for name, value in row.items()} for row in rows)


def _cell(value: Any) -> Any:
    """Return a cell; a text is escaped so that no spreadsheet evaluates it."""
    return csv_cell(value, _CELL) if isinstance(value, str) else value


def csv_row(sample: RunSample) -> Row:
    """Return a sample as a row of a CSV file."""
    return {**_input_cells(sample), **_output_cells(sample, "")}


def pair_csv_row(pair: Pair) -> Row:
    """Return a sample in two runs as a row; the columns of outputs begin with the run's role."""
    row = _input_cells(pair.sample)
    for role, one in zip(ROLES, pair, strict=True):
        row |= _output_cells(one, f"{role} ") if one else {}
    return row


def _input_cells(sample: RunSample) -> Row:
    return {
        "id": sample.id,
        "direction": sample.direction,
        "split": sample.split,
        "group": sample.group,
        **{f"tag:{name}": value for name, value in sample.tags.items()},
        **{f"text:{name}": _text_cell(name, value) for name, value in sample.texts.items()},
        **{f"media:{name}": place_text(place) for name, place in sample.media.items()},
        "reference": _SEPARATOR.join(sample.references),
    }


def _text_cell(name: str, text: str) -> str:
    return _SEPARATOR.join(text.split("\n")) if name == OPTIONS else text


def _output_cells(sample: RunSample, prefix: str) -> Row:
    cells: Row = {
        "error": sample.error,
        **({"rejected": sample.rejected} if sample.rejected is not None else {}),
        "answer": sample.answer_text,
        **({"reasoning": sample.reasoning} if sample.reasoning is not None else {}),
        **({"tokens": sample.tokens} if sample.tokens is not None else {}),
        **{f"score:{name}": _number(value) for name, value in sample.scores.items()},
        **{
            f"{metric}:{what}": value
            for metric, details in sample.details.items()
            for what, value in details.items()
        },
        **_ranks(sample),
    }
    return {f"{prefix}{name}": value for name, value in cells.items()}


def _ranks(sample: RunSample) -> Row:
    if not (sample.hits or sample.relevant):
        return {}
    return {"rank": sample.rank, "retrieved": _ids(sample.hits), "relevant": _ids(sample.relevant)}


def _ids(hits: Sequence[Hit]) -> str:
    return "; ".join(hit.id for hit in hits)
