"""Leaderboards: tables made of run records, and of nothing else, so that they can be made again.

One table holds one fingerprint, one data hash and one signature per metric: numbers that were
asked differently, or of other data, never stand in one column. Needs neither torch nor a model.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote

from mmbench import registry
from mmbench.comparison.same import distinctions
from mmbench.engine import speed
from mmbench.errors import UserError
from mmbench.storage import records as store
from mmbench.storage.folders import Folder
from mmbench.text import count, csv_cell, markdown, markdown_code, markdown_name, sample_noun
from mmbench.text.number_format import decimals, format_interval, format_number
from mmbench.types import RunRecord, ScoreInfo

Section = tuple[str, str, str]

# What every index, page and table that `build` wrote contains.
_SIGNS = {
    "README.md": b"# Leaderboards\n",
    ".md": b"Made by `mmbench leaderboard build",
    ".csv": b",fingerprint,data_hash,",
}


def label(record: RunRecord) -> str:
    """What a board calls the model of a record: `clip-nano@runs/a/step-500 (width=64)`."""
    model = record.model
    place = f"@{model.checkpoint}" if model.checkpoint else ""
    revision = f"#{model.revision[:12]}" if model.revision else ""
    options = ", ".join(f"{key}={value}" for key, value in sorted(model.options.items()))
    dtype = f" {model.dtype}" if model.dtype not in ("float32", "none") else ""
    baseline = " (baseline)" if record.baseline else ""
    return f"{model.name}{place}{revision}{dtype}{f' ({options})' if options else ''}{baseline}"


def section_of(record: RunRecord) -> Section:
    """What must be equal for two records to stand in one table."""
    measured = sorted((name, s.signature) for name, s in record.scores.items() if s.signature)
    signatures = ";".join(f"{name}={signature}" for name, signature in measured)
    return record.task.fingerprint, record.task.data_hash, signatures


def sections(records: Iterable[RunRecord]) -> list[list[RunRecord]]:
    """Return records by table: the latest run of each model, the best headline first.

    Tables on the protocol's own data come first, then those on more data, then the latest.
    """
    latest: dict[Section, dict[tuple[str, str], RunRecord]] = {}
    for record in records:
        who = (record.model.hash, label(record))
        latest.setdefault(section_of(record), {})[who] = record
    tables = [sorted(found.values(), key=_headline_order) for found in latest.values()]
    tables.sort(key=lambda t: max(record.created for record in t), reverse=True)
    return sorted(tables, key=lambda t: (bool(other_data(t[0])), -sum(t[0].task.data.values())))


def _headline_order(record: RunRecord) -> tuple[bool, float, str]:
    score = record.scores.get(record.headline)
    if score is None or score.value is None:
        return True, 0.0, record.run
    return False, -score.value if score.better == "higher" else score.value, record.run


def other_data(record: RunRecord) -> str:
    """Says in words how the data differ from the protocol's own, or may; else empty."""
    task = record.task
    if not task.protocol:
        return ""
    parts = [
        f"{used} of {task.protocol[side]} {sample_noun(side)}s"
        for side, used in sorted(task.data.items())
        if task.protocol.get(side, used) != used
    ]
    parts += [task.source["doubt"]] if "doubt" in task.source else []
    return f"not comparable with the protocol: {', '.join(parts)}" if parts else ""


def number(score: ScoreInfo | None) -> str:
    """Return a score as tables show it; `n/a` for none."""
    return format_number(score.value if score else None)


def interval(score: ScoreInfo | None) -> str:
    """Return the 95 % interval of a score as tables show it; `n/a` for none."""
    return format_interval(score.low, score.high) if score else "n/a"


def margin(score: ScoreInfo | None) -> str:
    """The wider side of the 95 % interval, for a terminal; `n/a` for none."""
    if score is None or score.value is None or score.low is None or score.high is None:
        return "n/a"
    wide = max(score.high - score.value, score.value - score.low)
    return format_number(wide, decimals(score.value))


def failed(record: RunRecord) -> str:
    """Return how many samples failed, with the bounds that this leaves for the headline."""
    n = str(record.counts.get("failed", 0))
    within = bounds(record)
    return f"{n} ({within})" if within else n


def bounds(record: RunRecord) -> str:
    """Return the bounds that failed samples leave for the headline; nothing if there are none."""
    score = record.scores.get(record.headline)
    if not record.counts.get("failed", 0) or score is None or score.bounds is None:
        return ""
    low, high = score.bounds
    return f"{record.headline} between {format_interval(low, high).replace(' to ', ' and ')}"


def published(record: RunRecord) -> str:
    """The verdict on the headline's published number."""
    found = [p.verdict for p in record.published if p.metric == record.headline]
    return found[0] if found else ""


def to_csv(tables: Iterable[list[RunRecord]]) -> str:
    """Return tables as one CSV text: a row per model, raw values, `None` as an empty cell.

    The columns are those of all tables in the order in which they first appear.
    """
    rows: list[dict[str, object]] = []
    for records in tables:
        timed = speed.has_column(records)
        rows += [_row(record, timed=timed) for record in records]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval=None, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(record: RunRecord, *, timed: bool) -> dict[str, object]:
    task = record.task
    return {
        "model": csv_cell(label(record)),
        **{
            csv_cell(column): value
            for name, score in record.scores.items()
            for column, value in (
                (name, score.value),
                (f"{name} low", score.low),
                (f"{name} high", score.high),
            )
        },
        **({speed.COLUMN: speed.rtfx(record)} if timed else {}),
        "failed": record.counts.get("failed", 0),
        "samples": record.counts.get("samples", 0),
        "published": csv_cell(published(record)),
        "other_data": csv_cell(other_data(record)),
        "fingerprint": csv_cell(task.fingerprint),
        "data_hash": csv_cell(task.data_hash),
        "model_hash": csv_cell(record.model.hash),
        "created": csv_cell(record.created),
        "run": csv_cell(record.run),
    }


def cells(records: list[RunRecord]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of one table as plain text, for terminals and Markdown."""
    metrics = list(records[0].scores)
    timed = speed.has_column(records)
    times = [speed.COLUMN] if timed else []
    header = ["model", *metrics, "95 % of headline", *times, "failed", "published", "run"]
    rows = [
        [
            label(record),
            *(number(record.scores.get(name)) for name in metrics),
            interval(record.scores.get(record.headline)),
            *([rtfx_cell(record)] if timed else []),
            failed(record),
            published(record),
            record.run,
        ]
        for record in records
    ]
    if not any(row[-2] for row in rows):
        header, rows = _without(header, -2), [_without(row, -2) for row in rows]
    return header, rows


def rtfx_cell(record: RunRecord) -> str:
    """Return the speed of speech recognition for a table; `n/a` where it was not timed."""
    return format_number(speed.rtfx(record))


def _without(items: list[str], place: int) -> list[str]:
    return [*items[:place], *items[place + 1 :]]


def caption(records: list[RunRecord]) -> str:
    """What one table is about: sizes, and how its data differ from the protocol's."""
    task = records[0].task
    sizes = ", ".join(count(n, sample_noun(side)) for side, n in sorted(task.data.items()))
    words = f"version {task.version}; {sizes}; data {task.data_hash[:8]}"
    other = other_data(records[0])
    return f"{words}; {other}" if other else words


def captions(tables: list[list[RunRecord]]) -> list[str]:
    """The caption of each table of a task, with what sets it apart from the others."""
    found = []
    for records, parts in zip(tables, distinctions([t[0] for t in tables]), strict=True):
        words = caption(records)
        found.append("; ".join([words, *(part for part in parts if part not in words)]))
    return found


def page(task: str, tables: list[list[RunRecord]]) -> str:
    """The Markdown page of a task."""
    lines = [f"# {markdown(task)}", ""]
    for records, words in zip(tables, captions(tables), strict=True):
        header, rows = cells(records)
        lines += [f"## {markdown(words)}", ""]
        lines += [
            _line([markdown_name(name) for name in header]),
            _line(["---"] + ["---:"] * (len(header) - 1)),
        ]
        lines += [_line([markdown(cell) for cell in row]) for row in rows]
        lines += ["", f"Headline: {headline_words(records[0])}, with its 95 % interval.", ""]
        lines += [speed.LEGEND, ""] if speed.has_column(records) else []
    command = markdown_code(f"mmbench leaderboard build {task}")
    lines += [f"Made by {command} from the records in `runs/`.", ""]
    return "\n".join(lines)


def headline_words(record: RunRecord) -> str:
    """Return the headline of a record as Markdown, with its unit, if known, and its direction."""
    code, score = markdown_code(record.headline), record.scores.get(record.headline)
    if score is None:
        return code
    unit = markdown(_unit(record.headline))
    return f"{code} ({f'{unit}, ' if unit else ''}{score.better} is better)"


def _unit(score: str) -> str:
    """Return the unit that a metric declares, of `recall@1[image-to-text]`; empty if unknown."""
    metric = score.partition("{macro:")[0]
    for name in (metric, metric.rpartition("[")[0]):
        with suppress(UserError):
            return registry.metric_info(name).unit
    return ""


def _line(row: list[str]) -> str:
    return f"| {' | '.join(row)} |"


class Built(NamedTuple):
    """The paths of the pages that were written, and a line for each file that is no record."""

    pages: list[str]
    unreadable: list[str]


def check_writable(out: str, flag: str = "--out") -> None:
    """Raise UserError unless a board can be written here; to be called before a long run."""
    folder = Folder(out, flag)
    folder.check_writable()
    _refuse_others(folder, "README.md")


def build(out: str, tasks: Iterable[str] = (), flag: str = "--out") -> Built:
    """Write the pages and CSV files of these tasks (all with records by default), and the index.

    Safe beside other writers: a table is replaced whole, and made again when a record arrived
    meanwhile, so that the last writer has seen every record. Files that are no records are skipped.
    Raises UserError, also where a file that is no table of ours would be overwritten.
    """
    folder = Folder(out, flag)
    asked = list(tasks)
    while True:
        before = folder.run_files()
        runs, unreadable = store.stored_runs(folder, before)
        by_task: dict[str, list[RunRecord]] = {}
        for run in runs:
            by_task.setdefault(store.task_of(run.name), []).append(run.record)
        tables = {task: sections(records) for task, records in sorted(by_task.items())}
        pages = [_write(folder, task, tables[task]) for task in asked or tables if task in tables]
        _replace(folder, "README.md", _index(tables))
        if folder.run_files() == before:
            return Built(pages, unreadable)


def _write(folder: Folder, task: str, tables: list[list[RunRecord]]) -> str:
    _replace(folder, f"{task}.md", page(task, tables))
    _replace(folder, f"{task}.csv", to_csv(tables))
    return folder.path(f"{task}.md")


def _replace(folder: Folder, name: str, text: str) -> None:
    _refuse_others(folder, name)
    folder.write(name, text.encode())


def _refuse_others(folder: Folder, name: str) -> None:
    """Raise UserError where something lies at the place of a table that `build` did not write."""
    if fault := _other_at(folder, name):
        raise UserError(
            f"cannot write {folder.path(name)}: {fault}: move it away, or choose another folder"
            f" with {folder.flag}"
        )


def _other_at(folder: Folder, name: str) -> str:
    """Say what lies at the place of a table; empty for a table, an empty file or nothing."""
    try:
        data = folder.read(name)
    except (FileNotFoundError, PermissionError):  # what may be written need not be readable
        return ""
    except OSError as error:
        return error.strerror or str(error)
    sign = _SIGNS.get(name) or _SIGNS[name[name.rindex(".") :]]
    return "" if not data or sign in data else "a file that is no table of mmbench lies there"


def _index(tables: Mapping[str, list[list[RunRecord]]]) -> str:
    lines = ["# Leaderboards", "", "| task | best model | headline | value | 95 % | blind |"]
    lines.append("|---|---|---|---:|---:|---:|")
    for task, found in tables.items():
        best = brief(found[0])[0]
        _, who, headline, *numbers = best
        link = f"[{markdown(task)}]({quote(task)}.md)"
        lines.append(_line([link, markdown(who), markdown_code(headline), *numbers]))
    return "\n".join([*lines, "", f"Blind: {_BLIND}.", ""])


BRIEF = ("task", "model", "headline", "value", "95 %", "blind")
_BLIND = "the best of the baselines that do not look at a sample, where one was run"


def brief(records: list[RunRecord]) -> list[list[str]]:
    """A row of `BRIEF` for each model of one table; for each baseline where there is no model.

    `blind` is the headline of the best of the baselines that do not look at a sample.
    """
    models = [record for record in records if not record.baseline] or records
    blind = [record for record in records if record.baseline not in (None, "oracle")]
    least = number(blind[0].scores.get(blind[0].headline)) if blind else ""
    rows = []
    for record in models:
        score = record.scores.get(record.headline)
        named = [record.task.name, label(record), record.headline]
        rows.append([*named, number(score), interval(score), least])
    return rows
