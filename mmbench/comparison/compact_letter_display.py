"""The compact letter display: letters for runs, where a common letter means no difference.

Runs with a common letter do not differ significantly.
"""

from __future__ import annotations

from collections.abc import Collection


def compact_letters(runs: int, differ: Collection[tuple[int, int]]) -> list[str]:
    """Return the letters of each run; `differ` has the pairs of runs that differ significantly.

    Runs are numbered from 0 to `runs` - 1. Two runs have a common letter if and only if they do not
    differ. Source: the insert-and-absorb algorithm of Piepho 2004, "An algorithm for a letter-based
    representation of all-pairwise comparisons", Journal of Computational and Graphical Statistics
    13(2).
    """
    groups = [frozenset(range(runs))]
    for one, other in differ:
        split = [g - {removed} for g in groups if {one, other} <= g for removed in (one, other)]
        unchanged = [g for g in groups if not {one, other} <= g]
        # A subset of another group is redundant.
        candidates = dict.fromkeys([*unchanged, *split])
        groups = [g for g in candidates if not any(g < h for h in candidates)]
    ordered = sorted(groups, key=sorted)
    return ["".join(_letter(at) for at, g in enumerate(ordered) if r in g) for r in range(runs)]


def _letter(at: int) -> str:
    return chr(ord("a") + at) if at < 26 else f"({at})"
