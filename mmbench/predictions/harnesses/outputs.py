"""Conversion of the results of another harness to outputs that mmbench scores.

The model's whole outputs are scored, because mmbench's metrics extract answers themselves. The
answers that the harness extracted are scored if they are asked for, or if the file has no outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import NamedTuple

from mmbench.columns import are_distinct
from mmbench.data.readers.records import plain_name
from mmbench.errors import UnknownName
from mmbench.predictions.column_choice import IDS
from mmbench.predictions.harnesses import (
    evalscope,
    inspect_logs,
    lm_eval,
    mteb,
    open_asr,
    vlmevalkit,
)
from mmbench.predictions.harnesses.references import output_context
from mmbench.predictions.harnesses.results import HarnessResults, HarnessSample
from mmbench.predictions.harnesses.selection import one_per_sample, selections
from mmbench.predictions.values import as_value
from mmbench.text import listed, plain
from mmbench.text.number_format import format_number
from mmbench.types import InvalidContent, OutputContext, Outputs

ROW = "row"
RAW, EXTRACTED = "raw", "extracted"


class _Names(NamedTuple):
    """What a harness calls the outputs, the answers that it extracts from them, and the ids."""

    raw: tuple[str, ...]
    extracted: str
    id: str


_NAMES = {
    lm_eval.LM_EVAL: _Names(("resps",), "filtered_resps", "doc_id"),
    lm_eval.LMMS_EVAL: _Names(("resps",), "filtered_resps", "doc_id"),
    vlmevalkit.HARNESS: _Names(("prediction",), "extracted", "index"),
    evalscope.HARNESS: _Names(("model_output", "prediction"), "extracted_prediction", "index"),
    inspect_logs.HARNESS: _Names(("output",), "answer", "id"),
    open_asr.HARNESS: _Names(("pred_text",), "", "audio_filepath"),
    mteb.HARNESS: _Names(("scores",), "", "query"),
}


def names_harness_value(results: HarnessResults, name: str) -> bool:
    """Return whether `--field prediction=NAME` names the outputs or the extracted answers."""
    names = _NAMES[results.harness]
    return bool(name) and name in (RAW, EXTRACTED, *names.raw, names.extracted)


def harness_outputs(results: HarnessResults, fields: Mapping[str, str], place: str) -> Outputs:
    """Return the outputs in the results of a harness, one per sample.

    `fields` are the keys and values of `--field`: `prediction` is `raw`, `extracted` or a name of
    `names_harness_value`; `id` is `row` or a column, and is then not checked against questions and
    references; the others select outputs (`one_per_sample`). Raises DataError and UnknownName;
    `place` begins the messages.
    """
    names = _NAMES[results.harness]
    requested = fields.get("prediction", "")
    has_raw = any(sample.raw is not None for sample in results.samples)
    extracted = requested in (EXTRACTED, names.extracted) if requested else not has_raw
    chosen = {key: fields[key] for key in selections(results) if key in fields}
    samples = one_per_sample(results, chosen, place, raw=not extracted).samples
    ids, id_column = _ids(samples, fields.get("id", ""), names.id, place)
    values = [_value(sample, extracted, place) for sample in samples]
    tags = [_tags(sample, selections(results)) for sample in samples]
    return Outputs(
        dict(zip(ids, values, strict=True)),
        tags={ident: one for ident, one in zip(ids, tags, strict=True) if one},
        digest=results.digest,
        id_column=id_column,
        other_ids={} if "id" in fields else _other_ids(samples),
        notes=_notes(results, extracted, chosen),
        contexts=_contexts(samples, fields.get("id", "")),
    )


def _ids(
    samples: Sequence[HarnessSample], name: str, own: str, place: str
) -> tuple[list[str], str]:
    """Return the ids of the outputs and the name of their column.

    `name` is the column that the user named, "" for none; `own` is the harness's name of its ids.
    """
    if name in ("", ROW, own):
        return [sample.id for sample in samples], own
    if any(name not in sample.tags for sample in samples):
        columns = [n for n in samples[0].tags if all(n in sample.tags for sample in samples)]
        known = [plain(column) for column in columns]
        raise UnknownName(f"id column of {place}", name, [ROW, own, *known], "see --field")
    return [sample.tags[name] for sample in samples], name


def _other_ids(samples: Sequence[HarnessSample]) -> dict[str, list[str]]:
    """Return the tags that may be ids, judging by their names: all samples have different ones."""
    names = [name for name in samples[0].tags if plain_name(name) in IDS]
    columns = {n: [s.tags[n] for s in samples] for n in names if all(n in s.tags for s in samples)}
    by_preference = sorted(columns, key=lambda name: IDS.index(plain_name(name)))
    return {name: columns[name] for name in by_preference if are_distinct(columns[name])}


def _value(sample: HarnessSample, extracted: bool, place: str) -> object:
    value = sample.extracted if extracted else sample.raw
    if sample.error or value is None:
        what = "extracted answer" if extracted else "output of the model"
        return InvalidContent(sample.error or f"no {what} in the file")
    return as_value(value, f"{place}: the output for {sample.id}", sample.id)


def _tags(sample: HarnessSample, selected: Sequence[str]) -> dict[str, str]:
    return {name: tag for name, tag in sample.tags.items() if name not in selected}


def _contexts(samples: Sequence[HarnessSample], id_column: str) -> list[OutputContext]:
    """Return what the samples can be matched by; nothing if the user named the ids.

    Results of a search are matched by the ids of queries and documents alone.
    """
    if id_column == ROW and all(sample.row is not None for sample in samples):
        return [OutputContext(sample.row) for sample in samples]
    if id_column or any(isinstance(sample.raw, dict) for sample in samples):
        return []
    return list(map(output_context, samples))


def _notes(results: HarnessResults, extracted: bool, chosen: Mapping[str, str]) -> list[str]:
    names = _NAMES[results.harness]
    which = "".join(f", {key} {value}" for key, value in chosen.items())
    scored = f"the model's outputs ({names.raw[0]}) are scored"
    if extracted:
        scored = f"the answers that {results.harness} extracted ({names.extracted}) are scored"
    own = _own_scores(results, chosen)
    reports = [f"{results.harness} itself reports {own}"] if own else []
    return [f"results of {results.harness}{which}: {scored}", *results.notes, *reports]


def _own_scores(results: HarnessResults, chosen: Mapping[str, str]) -> str:
    """Return the scores of the harness: those of its file of results, or the means of the samples.

    Means are given for scores that all samples have, by filter if the samples have several.
    """
    scores = results.scores or _means(results.samples, chosen)
    return listed(f"{plain(name)} {format_number(value, 4)}" for name, value in scores.items())


def _means(samples: Sequence[HarnessSample], chosen: Mapping[str, str]) -> dict[str, float]:
    """Return the means of the scores of the chosen samples, by METRIC or METRIC,FILTER."""
    by_filter: dict[str, list[HarnessSample]] = {}
    for sample in samples:
        if all(sample.tags.get(key) == value for key, value in chosen.items()):
            by_filter.setdefault(sample.tags.get("filter", ""), []).append(sample)
    means = {}
    for name, own in by_filter.items():
        suffix = f",{name}" if len(by_filter) > 1 else ""
        for score in (one for one in own[0].scores if all(one in s.scores for s in own)):
            means[score + suffix] = fsum(s.scores[score] for s in own) / len(own)
    return means
