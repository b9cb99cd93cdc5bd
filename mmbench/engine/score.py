"""Scores without a model: anybody's outputs, read from a file, into the same record and board."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmbench.contents import ContentKeys, cache_folder, digest
from mmbench.data.output_ids import with_ids_of_data
from mmbench.data.outputs import read_outputs
from mmbench.engine.asked import Costs
from mmbench.engine.breakdowns import with_breakdown_tags
from mmbench.engine.datasets import load_data
from mmbench.engine.features import Featurer
from mmbench.engine.long_texts import with_marks
from mmbench.engine.prepare import Options, Prepared, find_task
from mmbench.engine.progress import Progress, Silent
from mmbench.engine.record import Told, hash_data, make_record
from mmbench.engine.remarks import reasoning_notes, reference_notes, without_reasoning
from mmbench.engine.rows import rows_table
from mmbench.engine.run import Outcome, measure_task
from mmbench.errors import UserError
from mmbench.text import count
from mmbench.types import ModelInfo, Outputs, Sample

_NOUNS = {"corpus": "document"}  # what a sample of a side is called
OUTPUTS = "outputs"  # the adapter of a model that only its outputs are known of


def score(
    task: str,
    predictions: str | Path | Outputs,
    options: Options | None = None,
    *,
    name: str | None = None,
    partial: bool = False,
    fields: Mapping[str, str] | None = None,
    fold_ids: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Score outputs on a task. `name` is what the board calls the model (the file's name).

    `fields` names the columns of a file that hold predictions and ids (keys `prediction`, `id`).
    Raises DataError that lists ids when samples have no output or outputs no sample; `partial`
    scores what is there and says so. With `fold_ids` upper and lower case are alike in ids.
    """
    options, costs = options or Options(), Costs()
    with costs.clock.stage("prepare"):
        spec, kind = find_task(task, options)
        outputs = _outputs(predictions, fields)
        data = load_data(spec, options.data)
        data, on_data = with_breakdown_tags(spec, kind, data, outputs.tags.values())
        whole = kind.samples(data)
        outputs = with_ids_of_data(outputs, _ids(kind, data), _where(predictions), fold=fold_ids)
        data, outputs = kind.match(data, outputs, partial=partial)
        if options.strip_reasoning:
            outputs = without_reasoning(outputs, getattr(kind, "no_answer", None))
        directions, index = kind.accept(spec, data, outputs)
        directions, cut = with_marks(directions)
    info = _model(name or _stem(predictions), outputs)
    prepared = Prepared(spec, kind, data, None, info, tuple(on_data))
    with ContentKeys(cache_folder()) as keys:
        with costs.clock.stage("hash"):
            asked_of, unread = hash_data(spec, kind, data, keys)
        featurer = Featurer(options, keys, progress or Silent(), costs)
        with costs.clock.stage("measure"):
            measured = measure_task(prepared, directions, options, featurer)
    notes = [
        *("scored from outputs", *outputs.notes, *_partial(whole, kind.samples(data))),
        *(*kind.output_notes(data, outputs, directions), *_unread(unread)),
        *(*reference_notes(directions), *reasoning_notes(directions), *cut),
    ]
    failures = kind.output_failures(spec, data, outputs, directions)
    told = Told(failures + measured.lost, costs, index, notes)
    record = make_record(prepared, options, measured, asked_of, told)
    return Outcome(record, rows_table(directions, measured.found), {})


def _outputs(predictions: str | Path | Outputs, fields: Mapping[str, str] | None) -> Outputs:
    if not isinstance(predictions, Outputs):
        return read_outputs(Path(predictions), fields)
    if fields:
        raise UserError("--field chooses columns of a file: these outputs are not in a file")
    return predictions


def _where(predictions: str | Path | Outputs) -> str:
    return "outputs" if isinstance(predictions, Outputs) else str(predictions)


def _ids(kind: Any, data: Any) -> dict[str, list[str]]:
    """The ids of the data, by side."""
    return {side: [sample.id for sample in samples] for side, samples in kind.samples(data).items()}


def _stem(predictions: str | Path | Outputs) -> str:
    return "outputs" if isinstance(predictions, Outputs) else Path(predictions).stem


def _model(name: str, outputs: Outputs) -> ModelInfo:
    return ModelInfo(name, None, None, digest(name, outputs.digest).hex(), OUTPUTS, {}, "none")


def _unread(n: int) -> list[str]:
    """Return a note on media of the data that are not there, and on what follows."""
    note = (
        f"the media of {count(n, 'sample')} are not there, and the data hash does not cover them:"
        " these scores stand in a table of their own, apart from those of runs"
    )
    return [note] if n else []


def _partial(whole: dict[str, list[Sample]], used: dict[str, list[Sample]]) -> list[str]:
    """What --partial left out, in words."""
    notes = []
    for side, samples in whole.items():
        kept = {sample.id for sample in used[side]}
        n = sum(sample.id not in kept for sample in samples)
        left_out = count(n, _NOUNS.get(side, side))
        notes += [f"partial: {left_out} without an output left out"] if n else []
    return notes
