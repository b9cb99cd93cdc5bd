"""Scores without a model: anybody's outputs, read from a file, into the same record and board."""

from __future__ import annotations

from pathlib import Path

from mmbench.contents import ContentKeys, cache_folder, digest
from mmbench.data.outputs import read_outputs
from mmbench.engine.asked import Costs
from mmbench.engine.datasets import load_data
from mmbench.engine.features import Featurer
from mmbench.engine.prepare import Options, Prepared, find_task
from mmbench.engine.progress import Progress, Silent
from mmbench.engine.record import Told, hash_data, make_record
from mmbench.engine.rows import rows_table
from mmbench.engine.run import Outcome, failed_predictions, measure_task
from mmbench.text import count
from mmbench.types import ModelInfo, Outputs

OUTPUTS = "outputs"  # the adapter of a model that only its outputs are known of


def score(
    task: str,
    predictions: str | Path | Outputs,
    options: Options | None = None,
    *,
    name: str | None = None,
    partial: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Score outputs on a task. `name` is what the board calls the model (the file's name).

    Raises DataError that lists ids when samples have no output or outputs no sample; `partial`
    scores what is there and says so.
    """
    options, costs = options or Options(), Costs()
    with costs.clock.stage("prepare"):
        spec, kind = find_task(task, options)
        outputs = (
            predictions if isinstance(predictions, Outputs) else read_outputs(Path(predictions))
        )
        data = load_data(spec, options.data)
        whole = kind.sizes(data)
        data, outputs = kind.match(data, outputs, partial=partial)
        directions, index = kind.accept(spec, data, outputs)
    info = _model(name or _stem(predictions), outputs)
    prepared = Prepared(spec, kind, data, None, info)
    with ContentKeys(cache_folder()) as keys:
        with costs.clock.stage("hash"):
            asked_of = hash_data(spec, kind, data, keys)
        featurer = Featurer(options, keys, progress or Silent(), costs)
        with costs.clock.stage("measure"):
            measured = measure_task(prepared, directions, options, featurer)
    notes = ["scored from outputs", *_partial(whole, kind.sizes(data))]
    told = Told(failed_predictions(directions) + measured.lost, costs, index, notes)
    record = make_record(prepared, options, measured, asked_of, told)
    return Outcome(record, rows_table(directions, measured.found), {})


def _outputs(predictions: str | Path | Outputs) -> Outputs:
    return predictions if isinstance(predictions, Outputs) else read_outputs(Path(predictions))


def _stem(predictions: str | Path | Outputs) -> str:
    return "outputs" if isinstance(predictions, Outputs) else Path(predictions).stem


def _model(name: str, outputs: Outputs) -> ModelInfo:
    return ModelInfo(name, None, None, digest(name, outputs.digest).hex(), OUTPUTS, {}, "none")


def _partial(whole: dict[str, int], used: dict[str, int]) -> list[str]:
    """What --partial left out, in words."""
    return [
        f"partial: {count(whole[side] - used[side], f'{side}')} without an output left out"
        for side in whole
        if used[side] != whole[side]
    ]
