"""Excerpts of two texts around the place where they differ."""

from __future__ import annotations

from mmbench.text import plain


def excerpts(first: str, second: str, limit: int) -> tuple[str, str]:
    """Return excerpts of two texts around their first difference, each at most `limit` characters.

    Both excerpts begin at the same position, at the start of a word if possible. `…` marks omitted
    text. Control and formatting characters are replaced, so that the excerpts are safe to print.
    """
    first, second = (" ".join(text.split()) for text in (first, second))
    start = 0
    if max(len(first), len(second)) > limit:
        start = max(0, _first_difference(first, second) - limit // 3)
        blank = first.find(" ", start, start + limit // 6)
        start = blank + 1 if start and blank >= 0 else start
    before = "…" if start else ""
    parts = [f"{before}{text[start:]}" for text in (first, second)]
    return plain(parts[0], limit), plain(parts[1], limit)


def _first_difference(first: str, second: str) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    shorter = min(len(first), len(second))
    return next((at for at, (one, other) in pairs if one != other), shorter)
