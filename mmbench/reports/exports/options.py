"""The options of an export, and what they say about the data set and the model of a run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from mmbench.errors import UserError
from mmbench.storage.file_names import name_fault
from mmbench.text import plain
from mmbench.types import ModelInfo, RunRecord

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)
_URL = re.compile(r"https?://[^\s<>\"]+")


class ExportOptions(Struct, frozen=True, kw_only=True):
    """The options of an export.

    `metrics` are names of scores, without brackets for all variants; empty for the default of the
    format. `data_sets` are values of `--dataset`: `[TASK=]OWNER/NAME[:TASK_ID]`. `model_id` is the
    hub id of the model, `source` the URL of the results. `organization` and `relationship` say who
    evaluated the model. With `percent`, rates are written × 100. With `anyway`, runs with caveats
    are exported too.
    """

    metrics: tuple[str, ...] = ()
    data_sets: tuple[str, ...] = ()
    model_id: str | None = None
    source: str | None = None
    organization: str | None = None
    relationship: str = "other"
    percent: bool = False
    anyway: bool = False


class HubDataSet(NamedTuple):
    """A data set on the Hugging Face Hub; `task_id` and `revision` are "" if unknown."""

    id: str
    task_id: str = ""
    revision: str = ""


def check_options(options: ExportOptions, runs: Sequence[RunRecord]) -> None:
    """Raise UserError for an invalid id or URL, and for a data set of a task without runs."""
    if options.model_id is not None and not _is_model_id(options.model_id):
        raise UserError(
            f"--model-id {plain(options.model_id)}: not a hub id; give OWNER/NAME, such as"
            " openai/clip-vit-base-patch32"
        )
    if options.source is not None and not _URL.fullmatch(options.source):
        raise UserError(
            f"--source {plain(options.source)}: not a URL; give one that begins with https://"
        )
    tasks = {run.task.name for run in runs}
    for text in options.data_sets:
        name, _ = _parse(text)
        if name and name not in tasks:
            raise UserError(
                f"--dataset {plain(text)}: no run of a task {plain(name)!r} is exported; give one"
                f" of {', '.join(map(plain, sorted(tasks)))}"
            )


def _is_model_id(text: str) -> bool:
    """Return whether a text is OWNER/NAME, and both parts can be names of folders everywhere."""
    return bool(_HUB_ID.fullmatch(text)) and not any(map(name_fault, text.split("/")))


def data_set_of(record: RunRecord, options: ExportOptions) -> HubDataSet | None:
    """Return the data set of a run on the hub: that of `--dataset`, or that of the record.

    A value with `TASK=` takes precedence. A record has the id and the commit of its data set if
    mmbench loaded the data from the hub. Return None if neither is known.
    """
    task = record.task
    known = _recorded(task.source)
    parsed = [_parse(text) for text in options.data_sets]
    own = [data_set for name, data_set in parsed if name == task.name]
    general = [data_set for name, data_set in parsed if not name]
    for chosen in (own or general)[-1:]:
        return chosen._replace(revision=known.revision if known and known.id == chosen.id else "")
    return known


def _recorded(source: dict[str, str]) -> HubDataSet | None:
    path, revision = source.get("path", ""), source.get("revision", "")
    return HubDataSet(path, revision=revision) if revision and _HUB_ID.fullmatch(path) else None


def _parse(text: str) -> tuple[str, HubDataSet]:
    """Return the task and the data set of `[TASK=]OWNER/NAME[:TASK_ID]`; "" without a task.

    Raises UserError for another form.
    """
    head, colon, task_id = text.partition(":")
    name, equals, ident = head.rpartition("=")
    whole = bool(colon) == bool(task_id.strip()) and bool(equals) == bool(name)
    if not whole or not _HUB_ID.fullmatch(ident):
        raise UserError(
            f"--dataset {plain(text)}: not the id of a data set on the hub; give"
            " [TASK=]OWNER/NAME[:TASK_ID]"
        )
    return name, HubDataSet(ident, task_id)


def model_id_of(model: ModelInfo, options: ExportOptions) -> str | None:
    """Return the hub id of a model: that of `--model-id`, or its checkpoint if it has a commit.

    Return None if neither is known.
    """
    if options.model_id:
        return options.model_id
    on_hub = model.revision and model.checkpoint and _is_model_id(model.checkpoint)
    return model.checkpoint if on_hub else None
