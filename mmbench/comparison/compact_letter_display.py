"""Groups of runs that do not differ, as letters: two runs differ when they share none."""

from __future__ import annotations

from collections.abc import Collection


def compact_letters(runs: int, differ: Collection[tuple[int, int]]) -> list[str]:
    """The letters of runs 0 to n - 1, of which the pairs in `differ` are significantly different.

    Every pair that does not differ shares a letter. Source: Piepho 2004, "An algorithm for a
    letter-based representation of all-pairwise comparisons", Journal of Computational and Graphical
    Statistics 13(2), insert and absorb.
    """
    groups = [frozenset(range(runs))]
    for one, other in differ:
        split = [g - {removed} for g in groups if {one, other} <= g for removed in (one, other)]
        unchanged = [g for g in groups if not {one, other} <= g]
        # A group within another says nothing of its own.
        candidates = dict.fromkeys([*unchanged, *split])
        groups = [g for g in candidates if not any(g < h for h in candidates)]
    ordered = sorted(groups, key=sorted)
    return ["".join(_letter(at) for at, g in enumerate(ordered) if r in g) for r in range(runs)]


def _letter(at: int) -> str:
    return chr(ord("a") + at) if at < 26 else f"({at})"
