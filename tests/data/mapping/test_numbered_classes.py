"""Labels that are numbers of classes, with the same targets in all sources of own labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.mapping.numbered_classes import NumberedClasses
from mmbench.data.sources.labels import labels
from mmbench.data.sources.own_classes import own_classes
from mmbench.errors import DataError, UnknownName
from tests.data.readers.tars.test_places import wds
from tests.support.files import write_table
from tests.support.tars import write_tar

ANIMALS = ["cat", "dog", "red fox"]


def both(place: Path, classes: list[str] | None = None) -> tuple[list[str], list[Any]]:
    """Return the classes and targets of both sources, which have to be equal."""
    left, right = labels(place, classes=classes), own_classes(place, labels=classes)
    targets = [sample.target for sample in left.samples]
    assert (left.labels, targets) == (right.labels, [sample.target for sample in right.samples])
    return left.labels, targets


def table(folder: Path, cells: list[Any], suffix: str) -> Path:
    rows = [{"image": f"{at}.png", "label": cell} for at, cell in enumerate(cells)]
    return write_table(folder / f"x{suffix}", rows)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_numbers_are_indices_of_given_classes(tmp_path: Path, suffix: str) -> None:
    file = table(tmp_path, [2, 0, 1, 0], suffix)
    assert both(file, ANIMALS) == (ANIMALS, [2, 0, 1, 0])
    assert both(file, ["2", "1", "0"]) == (["2", "1", "0"], [0, 2, 1, 2])  # names come first
    assert labels(file).labels == ["0", "1", "2"]  # of a classifier whose classes are numbers
    for read in (lambda: labels(file, classes=["a", "b"]), lambda: own_classes(file, labels=["a"])):
        with pytest.raises(UnknownName, match=r"unknown label \(.*x\..*list all classes in --labe"):
            read()


def test_lists_of_numbers(tmp_path: Path) -> None:
    file = table(tmp_path, [[2, 0], ["dog"], []], ".jsonl")
    assert own_classes(file, labels=ANIMALS).samples[0].target == [0, 2]
    assert [sample.target for sample in labels(file, classes=ANIMALS).samples] == [[0, 2], [1], []]


def test_archives_of_clip_benchmark(tmp_path: Path) -> None:
    place = wds(tmp_path, "classification")
    numbers = [0, 1, 2] * 2
    assert both(place) == (ANIMALS, numbers)
    assert both(place, ["a", "b", "c"]) == (["a", "b", "c"], numbers)  # renames
    assert both(place, ["a", "dog", "c"]) == (["a", "dog", "c"], numbers)
    assert both(place, ["red fox", "dog", "cat"])[1] == [2, 1, 0] * 2  # selects by name
    with pytest.raises(UnknownName, match="'dog'"):
        both(place, ["red fox", "cat"])
    write_tar(tmp_path / "test/1.tar", [("s9.cls", b"3"), ("s9.webp", b"x")])
    with pytest.raises(DataError, match=r"'s9': label is 3; the data set has the classes 0 to 2"):
        both(place)


def test_numbers_tell_classes_of_one_name_apart(tmp_path: Path) -> None:
    place = wds(tmp_path, "classification")
    (tmp_path / "classnames.txt").write_text("crane\ncrane\nfox\n")  # as in ImageNet
    assert both(place) == (["crane", "crane", "fox"], [0, 1, 2] * 2)


def test_several_labels_in_archives(tmp_path: Path) -> None:
    place = wds(tmp_path, "multilabel")
    assert both(place) == (ANIMALS, [[2], [0, 2]] * 3)
    assert both(place, ["a", "b", "c"]) == (["a", "b", "c"], [[2], [0, 2]] * 3)


def test_archives_without_class_names(tmp_path: Path) -> None:
    members = [(f"{n}.{end}", b"%d" % n) for n in range(3) for end in ("jpg", "cls")]
    file = write_tar(tmp_path / "x.tar", members)
    assert both(file, ANIMALS) == (ANIMALS, [0, 1, 2])
    with pytest.raises(DataError, match=r"the classes are numbers \(0, 1, 2\)"):
        own_classes(file)


@given(st.permutations(range(4)), st.integers(0, 3))
def test_a_number_stands_for_its_declared_class(order: list[int], number: int) -> None:
    declared = ["one", "two", "three", "four"]
    given = [declared[at] for at in order]
    known = NumberedClasses(given, declared, "labels")
    (target,) = known.class_names().find([known.label(number)], str)
    assert given[target] == declared[number]


@pytest.mark.parametrize("cell", ["", None, True, float("nan"), [1, ""]])
def test_cells_that_are_no_labels_are_refused(cell: object) -> None:
    with pytest.raises(ValueError, match="give"):
        NumberedClasses(ANIMALS, [], "labels").labels(cell)
