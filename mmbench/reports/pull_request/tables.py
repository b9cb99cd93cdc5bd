"""Tables in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence


def table_lines(
    header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Container[int] = ()
) -> list[str]:
    """Return the lines of a table; the columns with these `numbers` are aligned to the right.

    Cells are Markdown, as `github_text` and `github_code` return it.
    """
    rules = ["---:" if at in numbers else "---" for at in range(len(header))]
    return [f"| {' | '.join(cells)} |" for cells in (header, rules, *rows)]
