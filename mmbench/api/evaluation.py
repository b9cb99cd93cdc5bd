"""Evaluation from Python: `mmbench.evaluate`, `mmbench.score` and `mmbench.metric`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mmbench import metric_names
from mmbench.api.columns_argument import columns_argument
from mmbench.api.notebook import progress_display
from mmbench.api.result import Result
from mmbench.comparison.whole_set.estimator import WholeSetEstimator
from mmbench.data.readers.memory.columns import Items
from mmbench.data.readers.memory.rows import DataPlace, memory_rows
from mmbench.engine.context import run_context
from mmbench.engine.identity import canonical
from mmbench.engine.loading.models.live import HasAbility, LiveModel, live_model
from mmbench.engine.loading.models.live_state import evaluation_mode
from mmbench.engine.options import options_from, search_settings
from mmbench.engine.run import run
from mmbench.engine.score import score as score_outputs
from mmbench.engine.scoring.apply import apply
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.errors import UserError
from mmbench.predictions.values import as_value
from mmbench.storage import records as store
from mmbench.storage.content_keys import digest
from mmbench.storage.folders import Folder
from mmbench.storage.run_lookup import RunReference
from mmbench.types import Outputs, Prediction, Score


def evaluate(
    model: str | HasAbility,
    task: str,
    *,
    name: str | None = None,
    data: str | Path | Items | None = None,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    labels: str | Path | Sequence[str] | None = None,
    templates: str | Sequence[str] | None = None,
    split: str | None = None,
    limit: int | None = None,
    budget: int | None = None,
    baseline: RunReference | None = None,
    strata: str | Sequence[str] = (),
    max_tokens: int | None = None,
    index: str | Sequence[str] | None = None,
    search_device: str | None = None,
    metrics: Sequence[str] = (),
    vectors: str | Sequence[str] | None = None,
    top: int | None = None,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int | None = None,
    seed: int = 0,
    fresh: bool = False,
    out: str | Path | None = None,
    published_as: str | None = None,
    model_args: Mapping[str, object] | None = None,
    trust_remote_code: bool = False,
    allow_outside: bool = False,
    inception: str | Path | None = None,
    judge: str | None = None,
    fluency_detector: str | Path | None = None,
    price: tuple[float, float] | None = None,
    tasks: Sequence[str] = (),
    progress: bool | None = None,
) -> Result:
    """Run a model on a task and return the result, as `mmbench run` does.

    `model` is the name of a model or an object with a method of `mmbench.protocols.models`, such as
    a class around a network that is being trained. The modules of an object are in evaluation mode
    during the run and stay on their device. `name` is the name of an object on boards; in a name
    such as `net@epoch-3`, the part after `@` is its checkpoint (default: the name of its class).

    `data` is a path, or data in memory (`memory_rows`): a list of dicts, a pandas data frame, a
    Dataset of the datasets library, or a map-style data set of torch. `baseline` is also a record;
    `strata` is a name or a list of names of tags. `labels` are the names of the classes, or a file
    of names; `templates` stands for `--template`. By default, `progress` is shown in notebooks;
    True shows it on stderr elsewhere, and False nowhere. Each other argument
    corresponds to the flag of `mmbench run` with the same name. The record and its rows are written
    only if `out`, a folder of leaderboards, is given; `mmbench leaderboard build --out DIR` then
    makes the tables. Raises UserError.
    """
    evaluated = _evaluated(model, name)
    if isinstance(evaluated, LiveModel):
        _refuse_model_settings(
            device=device != "auto",
            dtype=dtype != "auto",
            model_args=bool(model_args),
            trust_remote_code=trust_remote_code,
        )
        device = evaluated.device
    options = options_from(
        {
            "data": _place(data),
            **_data_flags(columns, labels, split),
            "templates": [templates] if isinstance(templates, str) else templates,
            "limit": limit,
            "budget": budget,
            "max_tokens": max_tokens,
            "device": device,
            "dtype": dtype,
            "batch_size": batch_size,
            "seed": seed,
            "fresh": fresh,
            "published_as": published_as,
            "judge": judge,
            "model_options": dict(model_args or {}),
            "trust_remote_code": trust_remote_code,
            "allow_outside": allow_outside,
            "price": price,
            "tasks": tuple(tasks),
            "metrics": tuple(metrics),
        },
        settings=search_settings(index, search_device, vectors, top),
        metric_models={"inception": inception, "fluency_detector": fluency_detector},
    )
    if out is not None:
        Folder(out).check_writable()
    if baseline is not None and budget is None:
        raise UserError("evaluate: `baseline` is for runs on a part of the samples; add `budget`")
    if strata and budget is None:
        raise UserError("evaluate: `strata` are for runs on a part of the samples; add `budget`")
    tags = [strata] if isinstance(strata, str) else strata
    estimator = WholeSetEstimator(baseline, "leaderboards" if out is None else out, tags)
    with evaluation_mode(model), columns_argument():
        display = progress_display(progress)
        outcome = run(evaluated, task, options, display, check=estimator.check)
    outcome = estimator.add_to(outcome)
    if out is not None:
        outcome.report_to(store.BoardReporter(out))
    return Result(outcome)


def _evaluated(model: str | HasAbility, name: str | None) -> str | LiveModel:
    """Return the model as the engine takes it. Raises UserError for a `name` of a named model."""
    if not isinstance(model, str):
        return live_model(model, name)
    if name is not None:
        raise UserError("evaluate: `name` is the name of an object; leave it out for a named model")
    return model


def _place(data: str | Path | Items | None) -> str | DataPlace | None:
    return data if data is None or isinstance(data, str | Path) else memory_rows(data)


def _data_flags(
    columns: Mapping[str, str | Sequence[str]] | None,
    labels: str | Path | Sequence[str] | None,
    split: str | None,
) -> dict[str, object]:
    """Return the arguments that choose columns, classes and a split of own data, as settings.

    Raises UserError for columns without roles.
    """
    if not isinstance(columns, Mapping | None):
        raise UserError("`columns` names a column for each role; give a dict {role: column}")
    names = {
        role: name if isinstance(name, str) else list(name)
        for role, name in (columns or {}).items()
    }
    classes = str(labels) if isinstance(labels, str | Path) else labels and list(labels)
    return {"columns": names or None, "labels": classes or None, "split": split}


def _refuse_model_settings(**given: bool) -> None:
    """Raise UserError for a setting of models with a name, which an object has already decided."""
    for name, is_given in given.items():
        if is_given:
            raise UserError(f"evaluate: `{name}` is for named models; set it in the object itself")


def score(
    task: str,
    predictions: str | Path | Outputs | Mapping[str, object] | Sequence[object],
    *,
    data: str | Path | Items | None = None,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    labels: str | Path | Sequence[str] | None = None,
    split: str | None = None,
    name: str | None = None,
    partial: bool = False,
    field: Mapping[str, str] | None = None,
    strip_reasoning: bool = False,
    fold_ids: bool = False,
    device: str = "auto",
    search_device: str | None = None,
    metrics: Sequence[str] = (),
    vectors: str | Sequence[str] | None = None,
    top: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    published_as: str | None = None,
    allow_outside: bool = False,
    inception: str | Path | None = None,
    judge: str | None = None,
    fluency_detector: str | Path | None = None,
    tasks: Sequence[str] = (),
    progress: bool | None = None,
) -> Result:
    """Score outputs on a task and return the result, as `mmbench score` does.

    `predictions` is a file (docs/scoring.md), a mapping of sample ids to outputs, an `Outputs`, or
    a list, an array or a pandas series of outputs in the order of the data. An output is a text, a
    label, a dict of scores by label, or a list of document ids, best first. `data` is as in
    `evaluate`.
    `field` selects columns of the file: {"prediction": NAME, "id": NAME}. Each other argument
    corresponds to the flag of `mmbench score` with the same name; the record is written only if
    `out` is given. Raises UserError.
    """
    options = options_from(
        {
            "data": _place(data),
            **_data_flags(columns, labels, split),
            "device": device,
            "seed": seed,
            "published_as": published_as,
            "allow_outside": allow_outside,
            "judge": judge,
            "tasks": tuple(tasks),
            "metrics": tuple(metrics),
            "strip_reasoning": strip_reasoning,
        },
        settings=search_settings(search_device=search_device, vectors=vectors, top=top),
        metric_models={"inception": inception, "fluency_detector": fluency_detector},
    )
    if out is not None:
        Folder(out).check_writable()
    outputs = (
        predictions if isinstance(predictions, str | Path | Outputs) else _outputs(predictions)
    )
    with columns_argument():
        outcome = score_outputs(
            task,
            outputs,
            options,
            progress=progress_display(progress),
            name=name,
            partial=partial,
            fields=field,
            fold_ids=fold_ids,
        )
    if out is not None:
        outcome.report_to(store.BoardReporter(out))
    return Result(outcome)


def _outputs(values: Mapping[str, object] | Sequence[object]) -> Outputs:
    """Return outputs in memory by id, or by their numbers from 0 if they are a sequence."""
    by_id = isinstance(values, Mapping)
    items = values.items() if isinstance(values, Mapping) else enumerate(_listed(values))
    plain = {str(ident): getattr(value, "tolist", lambda v=value: v)() for ident, value in items}
    outputs = {ident: as_value(value, f"output {ident!r}", ident) for ident, value in plain.items()}
    return Outputs(values=outputs, digest=digest(canonical(plain)).hex(), positional=not by_id)


def _listed(values: object) -> list[object]:
    """Return a list, a tuple, an array or a series as a list. Raises UserError for other values."""
    outputs = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(outputs, list | tuple):
        raise UserError(
            f"the predictions are a {type(values).__name__}; give a file, a dict {{id: output}}, or"
            " a list of outputs in the order of the data"
        )
    return list(outputs)


def metric(name: str, **options: object) -> Callable[[Sequence[Prediction]], Score]:
    """Return a function that scores predictions with the metric called `name`.

    `metric("recall@10")(predictions)` returns a Score. `options` are the options of the metric, as
    in `metric_options` of a task file. Failed predictions are left out. Raises UnknownName for an
    unknown metric, UserError for options that the metric does not accept.
    """
    metric_names.check_options(name, options)
    return lambda predictions: _measure(name, predictions, options)


def _measure(name: str, predictions: Sequence[Prediction], options: dict[str, object]) -> Score:
    if metric_names.metric_info(name).wants is None:
        return apply(name, predictions, options=options).score
    with run_context() as context:
        return apply(name, predictions, FeatureExtractor(context), options).score
