"""The comparability of runs: which numbers can be compared, and how other runs differ."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.errors import UnknownName, UserError
from mmbench.text import format_sizes
from mmbench.types import RunRecord

SCORES_HINT = "`mmbench show run RUN` shows those of a run"


def common_scores(records: Sequence[RunRecord], requested: Sequence[str]) -> list[str]:
    """Return the scores to compare: those that all runs have, or the requested ones among them.

    A name without brackets (direction, variant) stands for all of its variants. Raises UnknownName.
    """
    common = [n for n in records[0].scores if all(_measured(record, n) for record in records)]
    if not common:
        raise UserError(f"runs {', '.join(r.run for r in records)} have no metric in common")
    names: list[str] = []
    for name in requested:
        matches = with_variants(name, common)
        if not matches:
            known = {*common, *(n.partition("[")[0] for n in common)}
            raise UnknownName("metric of these runs", name, known, SCORES_HINT)
        names += [n for n in matches if n not in names]
    return names or common


def with_variants(name: str, known: Sequence[str]) -> list[str]:
    """Return the scores that a name stands for: the one of this name, and all `NAME[…]`.

    An unknown name gives an empty list.
    """
    return [score for score in known if score == name or score.startswith(f"{name}[")]


def _measured(record: RunRecord, name: str) -> bool:
    """Return whether a run has the score; a metric that could not run there has no signature."""
    return name in record.scores and bool(record.scores[name].signature)


def refuse_incomparable(a: RunRecord, b: RunRecord, names: Sequence[str]) -> None:
    """Raise UserError with the differences if numbers of the two runs are not comparable."""
    differ = [
        f"{what} {_short(one)} against {_short(other)}"
        for what, one, other in (
            ("task", a.task.name, b.task.name),
            ("version", str(a.task.version), str(b.task.version)),
            ("task definition (fingerprint)", a.task.fingerprint, b.task.fingerprint),
            ("data", _data(a), _data(b)),
        )
        if one != other
    ]
    differ += [
        f"{name} measured as {one!r} against {other!r}"
        for name in names
        if (one := a.scores[name].signature) != (other := b.scores[name].signature)
    ]
    if differ:
        raise UserError(f"runs {a.run} and {b.run} cannot be compared: {'; '.join(differ)}")


def distinctions(records: Sequence[RunRecord]) -> list[list[str]]:
    """Return for each record, in words, how it differs from the others.

    These are the task's version and definition (fingerprint), the data, and the parts of the
    scores' signatures that are not common to all: `65 samples`, `index=HNSW32`, `no cer[basic]`,
    `only rtfx`. Records that can be compared get equal lists; a single record gets an empty one.
    """
    definitions = [
        [f"version {r.task.version}", f"task definition {r.task.fingerprint[:8]}"] for r in records
    ]
    data = [[format_sizes(r.task.data), f"data {r.task.data_hash[:8]}"] for r in records]
    columns = [*_fewest_columns(definitions), *_fewest_columns(data), _signature_parts(records)]
    return [list(filter(None, parts)) for parts in zip(*columns, strict=True)]


def _fewest_columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the first column that distinguishes rows as well as all columns do, else all columns.

    Empty where all rows are equal.
    """
    different = len(set(map(tuple, rows)))
    columns = [list(column) for column in zip(*rows, strict=True)]
    if different == 1:
        return []
    return next(([c] for c in columns if len(set(c)) == different), columns)


def _signature_parts(records: Sequence[RunRecord]) -> list[str]:
    """Return for each record the parts of its scores' signatures that the others do not share.

    Signatures of a score are compared between the records that have it. A record that lacks scores
    names them, or the scores that it has, after `only`, if these are fewer.
    """
    names = list(dict.fromkeys(name for record in records for name in record.scores))
    names = [name for name in names if any(_measured(record, name) for record in records)]
    differing = [_presence(record, names) for record in records]
    for name in names:
        having = [at for at, record in enumerate(records) if _measured(record, name)]
        parts = [records[at].scores[name].signature.split(",") for at in having]
        common = set.intersection(*map(set, parts))
        for at, signature in zip(having, parts, strict=True):
            differing[at] += [part for part in signature if part not in {*common, *differing[at]}]
    return [", ".join(parts) for parts in differing]


def _presence(record: RunRecord, names: Sequence[str]) -> list[str]:
    """Return the scores that a record lacks, or the only ones that it has, in words."""
    own = [name for name in names if _measured(record, name)]
    missing = [f"no {name}" for name in names if name not in own]
    return [f"only {', '.join(own)}"] if 0 < len(own) < len(missing) else missing


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:12]}…"


def _data(record: RunRecord) -> str:
    return f"{record.task.data_hash[:12]} ({format_sizes(record.task.data)})"
