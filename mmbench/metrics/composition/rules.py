"""The requirements of a prompt, and the reasons why the objects in an image do not meet them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from mmbench.metrics.composition.positions import relative_positions
from mmbench.types import Detection

COUNTING = "counting"  # the tag of prompts with numbers of objects
_THRESHOLD, _COUNTING_THRESHOLD = 0.3, 0.9
_MOST = 16  # objects of a class
RULES = f"threshold={_THRESHOLD},counting={_COUNTING_THRESHOLD},most={_MOST}"
"""The thresholds, for signatures."""

Objects = Mapping[str, Sequence[Detection]]  # by class, the most confident first


class Clause(Struct, frozen=True, rename={"name": "class"}):
    """A requirement of at least `count` objects of a class; in `exclude`, of fewer than `count`.

    The most confident `count` objects must have the `color`, and must have the position relative to
    all objects of an earlier clause: `position` is ("left of", index of the clause).
    """

    name: str
    count: int
    color: str | None = None
    position: tuple[str, int] | None = None


class Requirements(Struct, frozen=True):
    """The requirements of a prompt. `tag` is the kind of the prompt, such as counting or position.

    An image is right if it meets all clauses of `include` and of `exclude`.
    """

    tag: str
    include: list[Clause]
    exclude: list[Clause] = field(default_factory=list)


def confident_objects(found: Sequence[Detection], names: Mapping[str, str], tag: str) -> Objects:
    """Return the objects that count, by the name of the class in prompts.

    `names` maps labels to names in prompts; objects with other labels are left out. The confidence
    must exceed 0.3, or 0.9 for the tag `counting`. Of each class, the 16 most confident objects
    remain; of equally confident objects, the later one comes first. Overlapping objects all remain,
    as in the official code, whose suppression is off by default.
    """
    limit = np.float32(_COUNTING_THRESHOLD if tag == COUNTING else _THRESHOLD)
    by_name: dict[str, list[Detection]] = {}
    for one in found:
        if np.float32(one.score) > limit and one.label in names:
            by_name.setdefault(names[one.label], []).append(one)
    return {
        name: sorted(objects, key=lambda one: np.float32(one.score))[::-1][:_MOST]
        for name, objects in by_name.items()
    }


def chosen(clause: Clause, objects: Objects) -> Sequence[Detection]:
    """Return the most confident `count` objects of a clause; an empty list if there are fewer."""
    found = objects.get(clause.name, ())[: clause.count]
    return found if len(found) == clause.count else ()


def violations(
    requirements: Requirements, objects: Objects, colors: Mapping[int, Sequence[str]]
) -> list[str]:
    """Return a reason for each requirement that an image does not meet.

    `colors` are the colours of the chosen objects of each clause with a colour, by its index. The
    result is empty if the image is right. As in the official code, a clause whose class or colour
    fails has no matched objects, so that clauses with a position relative to it fail as well.
    Source: djghosh13/geneval evaluation/evaluate_images.py `evaluate`.
    """
    reasons: list[str] = []
    matched: list[Sequence[Detection]] = []
    for at, clause in enumerate(requirements.include):
        reason = _violation(clause, objects, colors.get(at, ()), matched)
        matched.append(() if reason else chosen(clause, objects))
        reasons += [reason] if reason else []
    for clause in requirements.exclude:
        n = len(objects.get(clause.name, ()))
        if n >= clause.count:
            reasons.append(f"expected {clause.name} < {clause.count}, found {n}")
    return reasons


def _violation(
    clause: Clause, objects: Objects, colors: Sequence[str], matched: Sequence[Sequence[Detection]]
) -> str:
    """Return the reason why a clause is not met, "" if it is.

    `matched` are the matched objects of each earlier clause; those of a clause that is not met are
    an empty list.
    """
    found = objects.get(clause.name, ())[: clause.count]
    if len(found) < clause.count:
        return f"expected {clause.name} >= {clause.count}, found {len(found)}"
    if clause.color is not None and list(colors).count(clause.color) < clause.count:
        return f"expected {clause.color} {clause.name}, found {' and '.join(colors) or 'none'}"
    if clause.position is None:
        return ""
    position, target = clause.position
    if not matched[target]:
        return f"no target for {clause.name} to be {position}"
    for one in found:
        for other in matched[target]:
            held = relative_positions(one.box, other.box)
            if position not in held:
                return f"expected {clause.name} {position} target, found {_words(held)}"
    return ""


def _words(positions: set[str]) -> str:
    return " and ".join(sorted(positions)) or "no position"
