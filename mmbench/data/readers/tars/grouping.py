"""The samples of an archive: which members belong together, by the rule of WebDataset.

The rule was read in webdataset/webdataset `src/webdataset/tariterators.py` (`base_plus_ext`,
`group_by_keys`, `tar_file_iterator`; commit e0953f9): the key of a member is its path up to the
first dot of the file name, the rest is its extension, in lower case; members of one sample are
neighbours. Files without a dot, and names that begin with two underscores and end with two, are
left out. Unlike there, hidden and system files are left out, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from mmbench.data.readers.folders import is_system_name
from mmbench.surrogates import escape_surrogates
from mmbench.text import listed, plain

_META = re.compile(r"__[^/]*__(?:$|/)")
_MOST_EXTENSIONS = 100
_RULE = "in WebDataset, a key ends at the first dot of a file name"


class TarSamples(NamedTuple):
    """The samples of an archive.

    `keys` [n] are in the order of the archive. `columns` maps each extension to {row: number of the
    member}, in the order of their first members.
    """

    keys: list[str]
    columns: dict[str, dict[int, int]]


def split_name(name: str) -> tuple[str, str] | None:
    """Return the key and the extension of a member; None for a member that is left out.

    Bytes of a name that are not UTF-8 are escaped.
    """
    folder, slash, file = name.rpartition("/")
    stem, _, extension = file.partition(".")
    if not (stem and extension) or is_system_name(file) or _META.match(name):
        return None
    key = escape_surrogates(f"{folder}{slash}{stem}")
    return key, escape_surrogates(extension.lower())


def group_members(names: Sequence[str]) -> TarSamples:
    """Return the samples of an archive, given the names of its members in order.

    Raises ValueError for two members with the same key and extension, a key whose members are not
    neighbours, and more than 100 extensions.
    """
    rows: dict[str, int] = {}
    columns: dict[str, dict[int, int]] = {}
    for number, name in enumerate(names):
        if (parts := split_name(name)) is None:
            continue
        key, extension = parts
        row = rows.setdefault(key, len(rows))
        cells = columns.setdefault(extension, {})
        if row in cells:
            raise ValueError(f"the member {plain(name)!r} occurs twice; remove one")
        if row < len(rows) - 1:
            raise ValueError(
                f"the member {plain(name)!r} is not next to the other members of its key"
                f" {plain(key)!r}, so WebDataset would read two samples; pack the files sorted by"
                " name: tar --sort=name"
            )
        cells[row] = number
        if len(columns) > _MOST_EXTENSIONS:
            raise ValueError(
                f"the members have more than {_MOST_EXTENSIONS} extensions, e.g."
                f" {listed(list(columns)[-3:])}; {_RULE}: replace other dots in the names"
            )
    return TarSamples(list(rows), columns)
