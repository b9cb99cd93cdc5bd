"""Lookup of runs by reference: a path, an id or its beginning, `latest`, `best`, or a model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path

from mmbench.errors import DataError, near_names
from mmbench.storage.folders import RUNS, Folder
from mmbench.storage.records import StoredRun, read_stored, stored_run, stored_runs, task_of
from mmbench.text import listed, normal_path, plain
from mmbench.types import RunRecord

RunReference = str | Path | RunRecord | StoredRun
_CANDIDATES = 10  # runs listed for an ambiguous RUN


def find_run(
    run: RunReference,
    out: str | Path = "leaderboards",
    task: str | None = None,
    *,
    score: str = "",
) -> StoredRun:
    """Find the run with the reference `run` in the board `out`, among the runs of `task` if given.

    The reference is one of:

    - a path or URL of a record, which ends in `.json`
    - the id of a run, or an unambiguous beginning of one
    - `latest`: the most recent run
    - `best`: the best headline score among the runs that are comparable with the task's latest run;
      baselines count only if there are no models
    - `MODEL[:VARIANT][@CHECKPOINT[#REVISION]]`: the latest run of this model

    For `best` and a model, runs on some of the samples count only if there are no others; see
    `on_all_samples`. With `score`, the last three consider only the runs with this score, if there
    are any, and `best` is by this score.

    Raises DataError if no run is found, if several runs or tasks match (the message lists them),
    and if the record cannot be read. Files that are not records are skipped.
    """
    if isinstance(run, StoredRun):
        return run
    if isinstance(run, RunRecord):
        return stored_run(run, out)
    text = str(run)
    if not text:
        raise DataError("run '': no name; type the id of a run, latest, best or a model")
    if text.endswith(".json"):
        return _at_path(text)
    folder, names = _names(out, task)
    if text not in ("latest", "best"):
        stems = {name: name.rpartition("/")[2].removesuffix(".json") for name in names}
        exact = [name for name, stem in stems.items() if stem == text]
        if matches := exact or [name for name, stem in stems.items() if stem.startswith(text)]:
            return _single(text, folder, matches)
    runs, unreadable = stored_runs(folder, names)
    return _choose_run(text, runs, folder.where, score)._replace(unreadable=tuple(unreadable))


def _at_path(text: str) -> StoredRun:
    if "://" in text:
        url, _, name = text.rpartition("/")
        return _in_its_board(read_stored(Folder(url), name), text)
    run = read_stored(Folder(Path(text).parent), Path(text).name)
    return _in_its_board(run, str(Path(text).absolute()))


def _in_its_board(run: StoredRun, path: str) -> StoredRun:
    """Return a run with its board as the folder, in which its sample table can be found.

    A run whose record is in no board, by its `path`, is returned unchanged.
    """
    record, path = run.record, normal_path(path)
    board = path.removesuffix(f"/{RUNS}/{record.task.name}/{record.run}.json")
    return run if board == path else stored_run(record, board or "/")


def _names(out: str | Path, task: str | None) -> tuple[Folder, list[str]]:
    folder = Folder(out)
    names = folder.run_files()
    tasks = {task_of(name) for name in names}
    if task is not None:
        check_has_runs(task, tasks, folder.where)
    return folder, [name for name in names if task in (None, task_of(name))]


def check_has_runs(task: str, tasks: Collection[str], out: str | Path) -> None:
    """Raise DataError unless `tasks`, which have runs in the board `out`, include `task`."""
    if task in tasks:
        return
    near = near_names(task, sorted(tasks)) or sorted(tasks)
    meant = f"; did you mean {listed(near)}?" if near else ""
    raise DataError(
        f"task {task!r} has no runs in {out}{meant}; `mmbench list runs --out {out}` shows all"
    )


def _single(text: str, folder: Folder, names: Sequence[str]) -> StoredRun:
    """Return the only record among these file names.

    Raises DataError if there are several records; the message lists them.
    """
    if len(names) == 1:
        return read_stored(folder, names[0])
    runs, unreadable = stored_runs(folder, names)
    if len(runs) == 1:
        return runs[0]._replace(unreadable=tuple(unreadable))
    if not runs:
        raise DataError(unreadable[0])
    raise DataError(
        f"run {text!r}: {len(runs)} run ids in {folder.where} start like this; type more of it",
        *map(_candidate, runs[:_CANDIDATES]),
        *([f"and {len(runs) - _CANDIDATES} more"] if len(runs) > _CANDIDATES else []),
    )


def _candidate(run: StoredRun) -> str:
    record = run.record
    return f"{plain(record.run)}  {plain(record.task.name)}  {plain(reference(record))}"


def _choose_run(text: str, runs: Sequence[StoredRun], where: str, score: str) -> StoredRun:
    every = text in ("latest", "best")
    candidates = runs if every else [run for run in runs if _is_of(run.record, text)]
    candidates = [run for run in candidates if score in run.record.scores] or candidates
    if text == "latest" and candidates:
        return candidates[-1]
    if not candidates:
        raise DataError(_nothing(text, runs, where))
    tasks = sorted({run.record.task.name for run in candidates})
    if len(tasks) > 1:
        raise DataError(
            f"run {text!r}: several tasks have runs ({listed(tasks)}); choose one with -t"
        )
    return _best(candidates, score) if text == "best" else on_all_samples(candidates)[-1]


def _nothing(text: str, runs: Sequence[StoredRun], where: str) -> str:
    if not runs:
        return f"run {text!r}: {where} has no runs; `mmbench run -m MODEL -t TASK` makes one"
    models = list(dict.fromkeys(reference(run.record) for run in reversed(runs)))
    near = [model for model in models if model.startswith(text)] or get_close_matches(text, models)
    meant = f"; did you mean {listed(near)}?" if near else ""
    return (
        f"run {text!r}: no run id in {where} starts like this, and no run has this model{meant};"
        f" `mmbench list runs --out {where}` shows all"
    )


def reference(record: RunRecord) -> str:
    """Return the model of a record in the form in which a user types it, without the revision."""
    model = record.model
    return f"{model.name}@{normal_path(model.checkpoint)}" if model.checkpoint else model.name


def _is_of(record: RunRecord, text: str) -> bool:
    typed, _, revision = text.partition("#")
    name, at, place = typed.partition("@")
    end = f"@{normal_path(place)}" if at else ""
    same = reference(record) in (typed, f"{name}{end}") or _is_variant(record, name, end)
    return same and (record.model.revision or "").startswith(revision)


def _is_variant(record: RunRecord, name: str, end: str) -> bool:
    """Return whether a record is of the model NAME:VARIANT; a variant is one of its options."""
    adapter, colon, variant = name.partition(":")
    options = record.model.options.values()
    return bool(colon) and reference(record) == f"{adapter}{end}" and variant in options


def _best(runs: Sequence[StoredRun], score: str) -> StoredRun:
    """Return the run with the best score among the runs comparable with the latest run.

    The score is the headline of the latest run if `score` is "".
    """
    whole = on_all_samples(runs)
    models = [run for run in whole if not run.record.baseline] or whole
    latest = models[-1].record
    name = score or latest.headline
    values = [(run, _value(run.record, latest, name)) for run in models]
    ranked = [(value, at) for at, (_, value) in enumerate(values) if value is not None]
    if not ranked:
        raise DataError(f"run 'best': no run of {latest.task.name} has a value for {name}")
    return models[max(ranked)[1]]


def on_all_samples(runs: Sequence[StoredRun]) -> Sequence[StoredRun]:
    """Return the runs that have all samples; if there are none, the best that there are.

    These are runs with fewer samples that boards list, such as those with `--limit`, and after them
    runs on a part of the samples that was drawn at random.
    """
    whole = [run for run in runs if run.record.has_all_samples()]
    return whole or [run for run in runs if run.record.task.part is None] or runs


def _value(record: RunRecord, latest: RunRecord, name: str) -> float | None:
    """Return the value of the score `name` in `record`; negated if lower is better.

    Return None if the records are not comparable.
    """
    score, other = record.scores.get(name), latest.scores.get(name)
    if score is None or other is None or score.value is None:
        return None
    if record.comparison_key(name) != latest.comparison_key(name):
        return None
    return score.value if other.better == "higher" else -score.value
