"""Tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence


def csv_text(rows: Iterable[Mapping[str, object]], columns: Sequence[str] = ()) -> str:
    """Return rows as CSV with a header; None and a missing cell are empty cells.

    Without `columns`, the columns are those of all rows, in the order of their first appearance.
    Texts must have been escaped with `csv_cell`.
    """
    rows = list(rows)
    names = columns or list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval=None, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
