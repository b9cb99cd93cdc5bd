"""The comparability of runs: which of their scores can be compared, and how the runs differ."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from mmbench.errors import UnknownName, UserError
from mmbench.text import format_sizes
from mmbench.types import PartInfo, RunRecord, TaskInfo, format_part

SCORES_HINT = "`mmbench show run RUN` shows a run's metrics"


def common_scores(records: Sequence[RunRecord], requested: Sequence[str]) -> list[str]:
    """Return the scores to compare: the requested scores, or by default all common scores.

    A common score is one that all runs have. A requested name without brackets (direction, variant)
    stands for all of its variants. Raises UserError if no score is common, and UnknownName for a
    requested score that is not common.
    """
    common = [n for n in records[0].scores if all(_measured(record, n) for record in records)]
    if not common:
        raise UserError(f"no metric is common to the runs {', '.join(r.run for r in records)}")
    names: list[str] = []
    for name in requested:
        matches = with_variants(name, common)
        if not matches:
            known = {*common, *(n.partition("[")[0] for n in common)}
            raise UnknownName("metric of these runs", name, known, SCORES_HINT)
        names += [n for n in matches if n not in names]
    return names or common


def with_variants(name: str, known: Sequence[str]) -> list[str]:
    """Return the scores in `known` that a name stands for: the name itself and all `NAME[…]`.

    An unknown name gives an empty list.
    """
    return [score for score in known if score == name or score.startswith(f"{name}[")]


def _measured(record: RunRecord, name: str) -> bool:
    """Return whether a run has a score. A metric that could not be computed does not count."""
    return name in record.scores and bool(record.scores[name].signature)


def refuse_incomparable(
    a: RunRecord, b: RunRecord, names: Sequence[str], *, parts: bool = False
) -> None:
    """Raise UserError, with the differences, if the two runs' scores are not comparable.

    Runs of one model may differ in the perturbation of the inputs: then the tasks and the data
    without it must be equal. If `parts` is true, a run on a part of the samples is comparable with
    runs on the whole data, and on other parts of them: on the samples that both runs have.
    """
    first, second = a.task, b.task
    if first.perturbation != second.perturbation and _model(a) == _model(b):
        first, second = _without_perturbation(first), _without_perturbation(second)
    elif parts:
        first, second = _of_whole_data(first), _of_whole_data(second)
    differ = [
        f"{what} {_short(one)} against {_short(other)}"
        for what, one, other in (
            ("task", first.name, second.name),
            ("perturbation", first.perturbation or "none", second.perturbation or "none"),
            ("version", str(first.version), str(second.version)),
            ("task definition (fingerprint)", first.fingerprint, second.fingerprint),
            ("data", _data(first), _data(second)),
        )
        if one != other
    ]
    differ += [
        f"{name} measured as {one!r} against {other!r}"
        for name in names
        if (one := a.measured_as(name)) != (other := b.measured_as(name))
    ]
    if differ:
        raise UserError(f"runs {a.run} and {b.run} cannot be compared: {'; '.join(differ)}")


def task_name(record: RunRecord) -> str:
    """Return the name of a run's task without the perturbation."""
    return record.task.clean.get("name") or record.task.name


def _model(record: RunRecord) -> tuple[str, str]:
    return record.model.name, record.model.hash


def _without_perturbation(task: TaskInfo) -> TaskInfo:
    return replace(task, perturbation="", **task.clean) if task.clean else task


def _of_whole_data(task: TaskInfo) -> TaskInfo:
    """Return a task with the hash and the sizes of the data from which its part was drawn."""
    if task.part is None:
        return task
    whole = dict(zip(task.data, [task.part.of], strict=False))  # the role of the queries is first
    return replace(task, data_hash=task.part.data_hash, data=task.data | whole)


def part_notes(records: Sequence[RunRecord]) -> list[str]:
    """Return a note on each run that was evaluated on a part of the samples."""
    which = "both" if len(records) == 2 else "all"
    return [
        f"run {record.run} is on {format_part(record.task.part)}: compared on the samples that"
        f" {which} runs have{_stopped(record.task.part)}"
        for record in records
        if record.task.part
    ]


def _stopped(part: PartInfo) -> str:
    """Return a warning about a run whose own result decided where it ended."""
    if not part.stopped:
        return ""
    return (
        f"; it stopped when its verdict was known ({part.stopped}), and other tests on its samples"
        " favour that verdict: use the verdict itself"
    )


def rows_differ(a: RunRecord, b: RunRecord, name: str) -> str:
    """Return why the rows of a score cannot be joined although the runs are comparable, or "".

    The rows of a metric with document frequencies depend on the samples that were evaluated.
    """
    if a.task.data_hash == b.task.data_hash or not depends_on_set(a.scores[name].signature):
        return ""
    return "its rows depend on all evaluated samples, and the runs have different ones"


def depends_on_set(signature: str) -> bool:
    """Return whether the rows of a score with this signature depend on all evaluated samples."""
    return not {"idf=evaluated set", "idf=yes"}.isdisjoint(signature.split(","))


def distinctions(records: Sequence[RunRecord]) -> list[list[str]]:
    """Return for each record a list of phrases that say how it differs from the other records.

    The phrases give the task's version and definition (fingerprint), the data, and the parts of the
    scores' signatures that the records do not share: `65 samples`, `index=HNSW32`, `no cer[basic]`,
    `only rtfx`. If all records are comparable, their lists are equal; a single record gets an empty
    list.
    """
    definitions = [
        [f"version {r.task.version}", f"task definition {r.task.fingerprint[:8]}"] for r in records
    ]
    data = [[format_sizes(r.task.data), f"data {r.task.data_hash[:8]}"] for r in records]
    columns = [*_fewest_columns(definitions), *_fewest_columns(data), _signature_parts(records)]
    return [list(filter(None, parts)) for parts in zip(*columns, strict=True)]


def _fewest_columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the first column that alone distinguishes the rows as well as all columns together do.

    If there is no such column, return all columns. If all rows are equal, return no column.
    """
    different = len(set(map(tuple, rows)))
    columns = [list(column) for column in zip(*rows, strict=True)]
    if different == 1:
        return []
    return next(([c] for c in columns if len(set(c)) == different), columns)


def _signature_parts(records: Sequence[RunRecord]) -> list[str]:
    """Return, for each record, the parts of its scores' signatures that other records do not share.

    Each result is text. The signatures of a score are compared between the records that have this
    score. For a record that lacks some scores, the text also lists the missing scores (`no wer`),
    or, if these are fewer, the scores that it has (`only wer`). They are last, because captions are
    cut, and different measurements matter more than missing scores.
    """
    names = list(dict.fromkeys(name for record in records for name in record.scores))
    names = [name for name in names if any(_measured(record, name) for record in records)]
    differing: list[list[str]] = [[] for _ in records]
    for name in names:
        having = [at for at, record in enumerate(records) if _measured(record, name)]
        parts = [records[at].measured_as(name).split(",") for at in having]
        common = set.intersection(*map(set, parts))
        for at, signature in zip(having, parts, strict=True):
            differing[at] += [part for part in signature if part not in {*common, *differing[at]}]
    lists = [
        [*parts, *_presence(record, names)]
        for record, parts in zip(records, differing, strict=True)
    ]
    return [", ".join(parts) for parts in lists]


def _presence(record: RunRecord, names: Sequence[str]) -> list[str]:
    """Return phrases for the scores in `names` that a record lacks (`no wer`).

    If the record has fewer scores than it lacks, the only phrase lists the scores that it has
    (`only wer`).
    """
    own = [name for name in names if _measured(record, name)]
    missing = [f"no {name}" for name in names if name not in own]
    return [f"only {', '.join(own)}"] if 0 < len(own) < len(missing) else missing


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:12]}…"


def _data(task: TaskInfo) -> str:
    return f"{task.data_hash[:12]} ({format_sizes(task.data)})"
