"""The tasks of a command: those of `-t`, and their perturbations by `--perturb`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator


def tasks_of(args: argparse.Namespace) -> list[str]:
    """Return the tasks of a command; each is followed by the task with each perturbation.

    Raises UserError for an invalid perturbation, before anything runs.
    """
    from mmbench.perturbations import as_text, parse

    perturbations = list(dict.fromkeys(as_text(parse(text)) for text in args.perturb))
    return list(dict.fromkeys(_with_perturbations(args.task, perturbations)))


def _with_perturbations(tasks: list[str], perturbations: list[str]) -> Iterator[str]:
    for task in tasks:
        yield task
        yield from (f"{task}+{perturbation}" for perturbation in perturbations)
