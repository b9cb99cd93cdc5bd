"""Reporters by name: checks before a run, and the delivery of stored runs."""

from __future__ import annotations

from collections.abc import Iterable

from mmbench import registry
from mmbench.errors import MissingRows, UserError
from mmbench.protocols import ChecksSettings, Reporter, Rows
from mmbench.storage.records import StoredRun, read_table
from mmbench.storage.sample_tables import read_sample_table


def find_reporters(names: Iterable[str]) -> dict[str, Reporter]:
    """Return reporters by name, after the check of those that have one.

    A name may be a list of names, separated by commas. Raises UserError for an unknown name, a
    missing package, and settings with which nothing can be reported.
    """
    separate = [name for listed in names for name in _separate(listed)]
    reporters: dict[str, Reporter] = {n: registry.lookup("reporter", n) for n in separate}
    for reporter in reporters.values():
        if isinstance(reporter, ChecksSettings):
            reporter.check()
    return reporters


def _separate(listed: str) -> list[str]:
    """Return the names in a list with commas. Raises UserError if there is none."""
    names = [part.strip() for part in listed.split(",") if part.strip()]
    if not names:
        raise UserError(
            f"--report-to {listed}: no name of a reporter; `mmbench list reporters` shows all"
        )
    return names


def checked_location(name: str, location: object) -> str:
    """Return the location that a reporter returned. Raises UserError if it is no text."""
    if not isinstance(location, str):
        raise UserError(f"reporter {name} returned {location!r}; return a path or a URL as text")
    return location


def report_stored(run: StoredRun, name: str, reporter: Reporter) -> str:
    """Pass a stored run to the reporter called `name`, and return the location that it wrote to.

    Raises UserError if the run cannot be read or reported.
    """
    task = run.record.task
    samples = read_sample_table(run.folder, task.name, task.data_hash)
    return checked_location(name, reporter(run.record, _rows(run), samples))


def _rows(run: StoredRun) -> Rows:
    """Return the rows of a stored run by column; {} if the board has only its record."""
    try:
        return read_table(run)
    except MissingRows:
        return {}
