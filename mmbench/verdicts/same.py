"""Which runs have comparable numbers, and in what the others differ."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.errors import UnknownName, UserError
from mmbench.text import count
from mmbench.types import RunRecord


def common_scores(records: Sequence[RunRecord], asked: Sequence[str]) -> list[str]:
    """The scores to compare: those that all runs have, or of these the ones asked for.

    A name without what stands in brackets (direction, variant) stands for all of them. Raises
    UnknownName.
    """
    common = [n for n in records[0].scores if all(_measured(record, n) for record in records)]
    if not common:
        raise UserError(f"runs {', '.join(r.run for r in records)} have no metric in common")
    names: list[str] = []
    for name in asked:
        found = [n for n in common if n == name or n.startswith(f"{name}[")]
        if not found:
            known = {*common, *(n.partition("[")[0] for n in common)}
            raise UnknownName("metric of these runs", name, known)
        names += [n for n in found if n not in names]
    return names or common


def _measured(record: RunRecord, name: str) -> bool:
    """Whether a run has the score; one whose metric could not run there has no signature."""
    return name in record.scores and bool(record.scores[name].signature)


def refuse(a: RunRecord, b: RunRecord, names: Sequence[str]) -> None:
    """Raise UserError, saying what differs, unless numbers of the two runs may be compared."""
    differ = [
        f"{what} {_short(one)} against {_short(other)}"
        for what, one, other in (
            ("task", a.task.name, b.task.name),
            ("version", str(a.task.version), str(b.task.version)),
            ("question (fingerprint)", a.task.fingerprint, b.task.fingerprint),
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
    """Return for each record, in words, what sets it apart from the others.

    These are the task's version and question, the data, and the parts of the scores' signatures
    that are not common to all: `65 samples`, `index=HNSW32`, `no cer[basic]`. Records that can be
    compared get equal lists; a single record gets an empty one.
    """
    asked = [[f"version {r.task.version}", f"question {r.task.fingerprint[:8]}"] for r in records]
    of = [[_sizes(record), f"data {record.task.data_hash[:8]}"] for record in records]
    columns = [*_least(asked), *_least(of), _signature_parts(records)]
    return [list(filter(None, parts)) for parts in zip(*columns, strict=True)]


def _least(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The first column that tells rows apart as well as all columns do, else all of them.

    Nothing where all rows are equal.
    """
    different = len(set(map(tuple, rows)))
    columns = [list(column) for column in zip(*rows, strict=True)]
    if different == 1:
        return []
    return next(([c] for c in columns if len(set(c)) == different), columns)


def _sizes(record: RunRecord) -> str:
    sides = sorted(record.task.data.items())
    return ", ".join(count(n, side if side == "sample" else f"{side} sample") for side, n in sides)


def _signature_parts(records: Sequence[RunRecord]) -> list[str]:
    """What the signatures of each record's scores say that those of another do not."""
    names = dict.fromkeys(name for record in records for name in record.scores)
    found: list[dict[str, None]] = [{} for _ in records]
    for name in names:
        parts = [_parts(record, name) for record in records]
        common = set.intersection(*map(set, parts))
        for own, signature in zip(found, parts, strict=True):
            own.update(dict.fromkeys(part for part in signature if part not in common))
    return [", ".join(own) for own in found]


def _parts(record: RunRecord, name: str) -> list[str]:
    """The parts of a score's signature; a score that was not measured says so."""
    return record.scores[name].signature.split(",") if _measured(record, name) else [f"no {name}"]


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:12]}…"


def _data(record: RunRecord) -> str:
    sizes = ", ".join(f"{n} {side}" for side, n in sorted(record.task.data.items()))
    return f"{record.task.data_hash[:12]} ({sizes})"
