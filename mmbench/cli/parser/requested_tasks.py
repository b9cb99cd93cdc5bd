"""The tasks of a command: of `-t`, of groups, of patterns of folders, and with perturbations."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mmbench.cli.parser.data_patterns import expand_folders
from mmbench.cli.parser.options import run_options
from mmbench.errors import UnknownName

if TYPE_CHECKING:
    from mmbench.task_groups import TaskGroup


def set_tasks(args: argparse.Namespace) -> list[TaskGroup]:
    """Set the tasks of a command, and their data. Return the groups in `-t`.

    The tasks of a group take its place. If the data of a task are a pattern of folders, a task for
    each folder takes its place. Each task is followed by the task with each perturbation. Raises
    UserError for an invalid group, label or perturbation, and for a perturbation that does not suit
    the data of a task, before anything runs.
    """
    from mmbench.perturbations.names import as_written, parse
    from mmbench.task_groups import PREFIX, load_group

    names = dict.fromkeys(task for task in args.task if task.startswith(PREFIX))
    groups = {name: load_group(name, args.tasks) for name in names}
    changes = getattr(args, "perturb", [])
    perturbations = list(dict.fromkeys(as_written(parse(text)) for text in changes))
    for task in args.task:
        _refuse_misspelt(task, args)
    tasks, args.data = expand_folders(list(dict.fromkeys(_tasks(args.task, groups))), args.data)
    args.task = list(dict.fromkeys(_with_perturbations(tasks, perturbations)))
    if perturbations:
        _check_perturbations(tasks, perturbations, args)
    return [*groups.values()]


def _check_perturbations(
    tasks: Iterable[str], perturbations: list[str], args: argparse.Namespace
) -> None:
    from mmbench.engine.loading.perturbed_tasks import check_perturbations

    for task in tasks:
        perturbed = [f"{task}+{perturbation}" for perturbation in perturbations]
        check_perturbations(task, perturbed, args.model, run_options(args, task))


def _refuse_misspelt(task: str, args: argparse.Namespace) -> None:
    """Raise UnknownName for a label that is a misspelt perturbation, unless it has its own data."""
    from mmbench.perturbations.names import NAMES, misspelt_name
    from mmbench.spec import label_of

    label = label_of(task, args.tasks)
    if any(path.startswith(f"{task}=") for path in args.data) or not misspelt_name(label):
        return
    hint = f"for data with this label, give --data {task}=PATH"
    raise UnknownName("perturbation", label.partition("-")[0], NAMES, hint)


def _tasks(names: Iterable[str], groups: Mapping[str, TaskGroup]) -> Iterator[str]:
    for name in names:
        yield from (one.task for one in groups[name].tasks) if name in groups else (name,)


def _with_perturbations(tasks: Iterable[str], perturbations: list[str]) -> Iterator[str]:
    for task in tasks:
        yield task
        yield from (f"{task}+{perturbation}" for perturbation in perturbations)
