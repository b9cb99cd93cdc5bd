"""Shell completion of the names of commands, flags, models, tasks, metrics and runs.

To get completions, a shell calls mmbench itself with an environment variable of argcomplete. Names
come from the registries and from file names: nothing heavy is imported, and no plugin file is run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath

from mmbench import metric_names, registry
from mmbench.cli.parser.arguments import above_zero, days, natural, positive, seed, share
from mmbench.errors import UserError

_TYPES = (above_zero, days, natural, positive, seed, share)  # of numbers, without completions
_NUMBERS = (1, 5, 10)  # values of k in `recall@k` in tasks


def complete(parser: argparse.ArgumentParser) -> None:
    """Print completions and end the process if a shell requests completions; otherwise return."""
    import argcomplete

    for action in _actions(parser):
        if action.choices is None and (names := _names_for(action)):
            action.__dict__["completer"] = names  # argcomplete reads this attribute
    argcomplete.autocomplete(parser)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                yield from _actions(subparser)
        else:
            yield action


Completer = Callable[..., Iterable[str]]


def _names_for(action: argparse.Action) -> Completer | None:
    by_argument: dict[str, Completer] = {
        "model": _models,
        "judge": _models,
        "task": _tasks,
        "eval": _tasks,
        "metric": _metrics,
        "metrics": _metrics,
        "run": _runs,
        "baseline": _runs,
        "candidate": _runs,
        "name": _names_of_kind,
        "family": _families,
        "report_to": _reporters,
        "device": _devices,
        "search_device": _devices,
        "batch_size": _auto,
    }
    if action.option_strings == ["--name"] or action.type in _TYPES:
        return (
            _nothing  # free text and numbers (the positional `name` of show and train is completed)
        )
    return by_argument.get(action.dest)


def _nothing(**_: object) -> list[str]:
    """Return no names. The shell then does not complete file names instead."""
    return []


def _families(**_: object) -> Iterable[str]:
    return registry.names("conformance")


def _reporters(**_: object) -> Iterable[str]:
    return registry.names("reporter")


def _devices(**_: object) -> list[str]:
    return ["auto", "cpu", "cuda"]


def _auto(**_: object) -> list[str]:
    return ["auto"]


def _models(prefix: str, **_: object) -> list[str]:
    """Return names of models; after an @, folders and files of checkpoints."""
    from argcomplete.completers import FilesCompleter

    from mmbench.engine.loading.models.resolver import BASELINES

    name, at, place = prefix.partition("@")
    if at:
        return [f"{name}@{path}" for path in FilesCompleter()(place)]
    with_frames = [f"frames+{name}" for name in registry.names("model")] if "+" in prefix else []
    return [*registry.names("model"), *_recipes(), *BASELINES, *with_frames]


def _recipes(**_: object) -> list[str]:
    from mmbench.engine.loading.models.model_ref import recipes

    return list(recipes())


def _rubrics(**_: object) -> list[str]:
    from mmbench.metrics.judges.rubric import rubric_files

    return sorted(rubric_files())


def _tasks(parsed_args: argparse.Namespace, **_: object) -> list[str]:
    from mmbench.spec import task_files

    return sorted(task_files(getattr(parsed_args, "tasks", ())))


def _groups(parsed_args: argparse.Namespace, **_: object) -> list[str]:
    from mmbench.task_groups import group_files

    return sorted(group_files(getattr(parsed_args, "tasks", ())))


def _metrics(**_: object) -> list[str]:
    names = []
    for form in registry.names("metric"):
        for form_name in metric_names.written_forms(form):
            stem, at, number = form_name.rpartition("@")
            names += [f"{stem}@{n}" for n in _NUMBERS] if at and number in "kn" else [form_name]
    return names


def _runs(parsed_args: argparse.Namespace, **_: object) -> list[str]:
    from mmbench.storage.folders import Folder

    try:
        files = Folder(parsed_args.out).run_files()
    except UserError:  # the command itself reports what is wrong with the folder
        files = []
    return ["latest", "best", *(PurePath(name).stem for name in files)]


def _names_of_kind(parsed_args: argparse.Namespace, **others: object) -> Iterable[str]:
    """Return the names that `mmbench show` accepts for the typed kind of object.

    For `mmbench train`, return the names of trainers.
    """
    if parsed_args.command == "train":
        return registry.names("trainer")
    by_kind: dict[str, Completer] = {
        "model": _model_names,
        "recipe": _recipes,
        "task": _tasks,
        "group": _groups,
        "metric": _metrics,
        "rubric": _rubrics,
        "run": _runs,
    }
    if parsed_args.what not in by_kind:
        return []
    return by_kind[parsed_args.what](parsed_args=parsed_args, **others)


def _model_names(**_: object) -> list[str]:
    return registry.names("model")
