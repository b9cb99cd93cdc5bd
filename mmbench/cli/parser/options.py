"""Conversion of parsed flags to options of the engine, and of RUN arguments to stored runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import UserError
from mmbench.perturbations.names import split_task
from mmbench.text import listed, plain, with_home
from mmbench.validation.safe_parse import parse_yaml

if TYPE_CHECKING:
    from mmbench.engine.options import RunSettings
    from mmbench.storage.records import StoredRun

_ENDPOINT = {  # flags of model options
    "api_base": "base",
    "concurrency": "concurrency",
    "insecure_http": "insecure_http",
}
_METRIC_MODELS = ("inception", "fluency_detector")  # flags that name files for models of metrics


def run_options(args: argparse.Namespace, task: str = "", model: str | None = None) -> RunSettings:
    """Return the engine options for one task and one model of a command.

    A command may have only some of the flags. Raises UserError for an invalid flag, and for a flag
    for endpoints if none of the command's models is behind an endpoint.
    """
    from mmbench.engine.options import options_from, search_settings

    flags = vars(args)
    data = flags.get("data")
    if isinstance(data, list):
        data = data_for(task, data, args.task)
    own = own_data_options(flags)
    return options_from(
        {**flags, **own, "data": data, "model_options": model_arguments(args, model)},
        settings=search_settings(
            *(flags.get(name) for name in ("index", "search_device", "vectors", "top"))
        ),
        metric_models={name: flags.get(name) for name in _METRIC_MODELS},
    )


def own_data_options(flags: Mapping[str, object]) -> dict[str, object]:
    """Return the options of own data in the flags of a command. Raises UserError."""
    columns, labels, templates = map(flags.get, ("columns", "labels", "template"))
    return {
        "columns": columns_by_role(columns) if isinstance(columns, list) else None,
        "labels": label_names(labels) if isinstance(labels, str) else None,
        "templates": class_prompts(templates) if isinstance(templates, list) else None,
    }


def columns_by_role(texts: Sequence[str], flag: str = "--columns") -> dict[str, str | list[str]]:
    """Return `image=filepath,text=title` as {role: column}; a repeated role has a list of columns.

    Raises UserError, which names the flag, for a part without an equals sign or a column.
    """
    from mmbench.datasets.provenance import merge_columns, split_columns

    for text in texts:
        if not all(role and column for role, column in split_columns(text)):
            raise UserError(f"{flag} {plain(text)}: write ROLE=FIELD, such as text=title")
    return merge_columns(pair for text in texts for pair in split_columns(text))


def label_names(text: str) -> str | list[str]:
    """Return the value of `--labels`: the path of a file, or the names between commas.

    Raises UserError for a single name that is no file.
    """
    if _is_file(text):
        return str(Path(text).absolute())
    names = [name.strip() for name in text.split(",")]
    if len(names) < 2 or not all(names):
        raise UserError(
            f"--labels {plain(text)}: no such file; give names separated by commas, or a file with"
            " one name per line"
        )
    return names


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # more characters than a path may have
        return False


def class_prompts(texts: Sequence[str]) -> list[str]:
    """Return the values of `--template`; a file without braces in its name has one in each line.

    Raises DataError for a file that cannot be read.
    """
    return [line for text in texts for line in _prompts(text)]


def _prompts(text: str) -> list[str]:
    if "{" in text or not _is_file(text):
        return [text]
    from mmbench.data.readers.file_bytes import read_file
    from mmbench.data.readers.table_files import text_lines

    return [line.strip() for line in text_lines(read_file(Path(text)), Path(text)) if line.strip()]


def model_arguments(args: argparse.Namespace, model: str | None) -> dict[str, object]:
    """Return the options of a model in the flags of a command. Raises UserError."""
    flags = vars(args)
    return model_options(flags.get("model_arg") or []) | _endpoint_options(flags, model)


def models_of(args: argparse.Namespace) -> list[str]:
    """Return the models of `-m`, with lists and patterns expanded.

    Reports what was skipped on stderr. Raises UserError for a pattern without a match.
    """
    from mmbench.cli.output.terminal import show
    from mmbench.engine.loading.models.patterns import expand

    models, notes = expand(args.model)
    show([f"note: {plain(note)}" for note in notes], sys.stderr)
    return models


def model_of(args: argparse.Namespace) -> str:
    """Return the model of a command that takes one. Raises UserError where `-m` gives several."""
    from mmbench.engine.loading.models.patterns import expand

    models, _ = expand([args.model])
    if len(models) != 1:
        raise UserError(f"-m {args.model}: give one model of {listed(models)}")
    return models[0]


def _endpoint_options(flags: Mapping[str, object], model: str | None) -> dict[str, object]:
    """Return the options of a model that have their own flags, without those that it lacks.

    Raises UserError for a flag of an option that no model of the command has.
    """
    given = {flag: flags[flag] for flag in _ENDPOINT if flags.get(flag) not in (None, False)}
    if not given or model is None:
        return {}
    models = flags["model"] if isinstance(flags["model"], list) else [model]
    options = {}
    for flag, value in given.items():
        name = _ENDPOINT[flag]
        if _has_option(model, name):
            options[name] = value
        elif not any(_has_option(one, name) for one in models):
            typed = f"--{flag.replace('_', '-')}"
            raise UserError(
                f"model {model}: {typed} is for models behind an endpoint; leave it out"
            )
    return options


def _has_option(model: str, name: str) -> bool:
    """Return whether a model has an option; baselines have none.

    Also return true for a model that cannot be found: the run reports the error.
    """
    from mmbench.engine.loading.models.adapters import known_options
    from mmbench.engine.loading.models.resolver import BASELINES

    try:
        known = set() if model in BASELINES else known_options(model)
    except UserError:
        return True
    return known is None or name in known


def data_for(task: str, paths: list[str], tasks: list[str]) -> Path | None:
    """Return the path that `--data [TASK=]PATH` gives for a task; None if it gives none.

    A path with `TASK=` takes precedence over a path without `TASK=`. Text before an equals sign
    counts as `TASK=` only if it is a task of this command, so that a path may contain an equals
    sign.
    """
    general = None
    for value in paths:
        name, equals, path = value.partition("=")
        if not equals or not any(name in task_names(one) for one in tasks):
            general = Path(with_home(value))
        elif name in task_names(task):
            return Path(with_home(path))
    return general


def task_names(task: str) -> set[str]:
    """Return the names of a task that `TASK=` accepts.

    For a task file, these are its path and its name without the suffix. A task with a label or a
    perturbation also has the names of the task without it.
    """
    base, suffix = split_task(task)
    if suffix:
        return {task} | task_names(base)
    is_file = task.endswith((".yaml", ".yml"))
    return {task, Path(task).stem} if is_file else {task}


def model_options(texts: list[str]) -> dict[str, object]:
    """Return `key=value` strings as a mapping; values are YAML scalars (8 is an int, true a bool).

    Raises UserError for a string without an equals sign or with an invalid value.
    """
    options = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--model-arg {text}: no equals sign; write KEY=VALUE")
        try:
            options[key] = parse_yaml(value)
        except ValueError as error:
            raise UserError(f"--model-arg {plain(text)}: {error}") from error
    return options


def allowed_failures(text: str, samples: int) -> float:
    """Return how many samples may fail, given `N` or `N%` of the samples.

    Raises UserError for any other text.
    """
    try:
        share = text.endswith("%")
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not value >= 0:
        raise UserError(f"--allow-failed {text}: not a number; write 3, or a percentage such as 1%")
    return value * samples / 100 if share else value


def find_runs(runs: Sequence[str], args: argparse.Namespace) -> list[StoredRun]:
    """Find runs by reference in the board `args.out`.

    If `args.task` is given, only runs of this task are considered. Skipped files are reported on
    stderr. Raises the same DataError as `find_run`.
    """
    from mmbench.cli.output.terminal import report_unreadable
    from mmbench.storage.run_lookup import find_run

    stored = [find_run(run, args.out, args.task) for run in runs]
    report_unreadable([line for run in stored for line in run.unreadable])
    return [run._replace(unreadable=()) for run in stored]
