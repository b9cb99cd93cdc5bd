"""May numbers of several runs stand beside each other at all."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.errors import UnknownName, UserError
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


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:12]}…"


def _data(record: RunRecord) -> str:
    sizes = ", ".join(f"{n} {side}" for side, n in sorted(record.task.data.items()))
    return f"{record.task.data_hash[:12]} ({sizes})"
