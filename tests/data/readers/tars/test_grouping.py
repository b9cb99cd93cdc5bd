"""Which members form a sample, against the rule of WebDataset written out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.readers.tars.grouping import group_members, split_name

# base_plus_ext of webdataset: the path up to the first dot of the file name.
NAIVE = re.compile(r"^((?:.*/|)[^.]+)[.]([^/]*)$")


def naive_samples(names: list[str]) -> list[tuple[str, dict[str, int]]]:
    """Return the samples as group_by_keys of webdataset forms them: a new key starts a sample."""
    samples: list[tuple[str, dict[str, int]]] = []
    for number, name in enumerate(names):
        match = NAIVE.match(name)
        if match is None or re.match(r"__[^/]*__($|/)", name):
            continue
        if not samples or samples[-1][0] != match[1]:
            samples.append((match[1], {}))
        if match[2].lower() in samples[-1][1]:
            raise ValueError(name)
        samples[-1][1][match[2].lower()] = number
    return samples


def our_samples(names: list[str]) -> list[tuple[str, dict[str, int]]]:
    keys, columns = group_members(names)
    return [
        (key, {name: cells[row] for name, cells in columns.items() if row in cells})
        for row, key in enumerate(keys)
    ]


part = st.text("ab._", min_size=1, max_size=5)
paths = st.lists(part, min_size=1, max_size=3).map("/".join)


def is_plain(name: str) -> bool:
    """Return whether a name has an extension, and its file is not hidden (webdataset differs)."""
    file = name.rpartition("/")[2]
    return "." not in file or not (file.startswith(".") or file.endswith("."))


@given(st.lists(paths.filter(is_plain), max_size=8))
def test_samples_are_those_of_webdataset(names: list[str]) -> None:
    try:
        expected = naive_samples(names)
        keys = [key for key, _ in expected]
        if len(set(keys)) < len(keys):
            raise ValueError("not neighbours")
    except ValueError:
        with pytest.raises(ValueError, match=r"twice|not next to"):
            group_members(names)
        return
    assert our_samples(names) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("000.jpg", ("000", "jpg")),
        ("a.b/c.left.JPG", ("a.b/c", "left.jpg")),
        ("./x/000.seg.png", ("./x/000", "seg.png")),
        ("README", None),
        ("a.", None),
        ("__meta__.json", ("__meta__", "json")),
        ("__index__/a.json", None),
        (".DS_Store", None),
        ("a/._000.jpg", None),
        ("a/Thumbs.db", None),
        ("n\udcff.jpg", ("n\\xff", "jpg")),
    ],
)
def test_names(name: str, expected: tuple[str, str] | None) -> None:
    assert split_name(name) == expected


def test_files_packed_by_type_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"'a.txt' is not next to .* key 'a'.* tar --sort=name"):
        group_members(["a.jpg", "b.jpg", "a.txt", "b.txt"])


def test_numbers_after_a_dot_are_an_error_that_names_the_rule() -> None:
    with pytest.raises(
        ValueError, match=r"more than 100 extensions, .* a key ends at the first dot"
    ):
        group_members([f"img.{number:04}.jpg" for number in range(200)])
