"""Patterns of files, folders, splits and the layout of CLIP_benchmark."""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.readers.tars.layouts import are_tars
from mmbench.data.readers.tars.patterns import expand_braces, find_files, is_pattern
from mmbench.data.readers.tars.rows import tar_rows
from mmbench.errors import DataError, UnknownName
from mmbench.media import read_bytes
from tests.support.files import write_file
from tests.support.tars import write_tar


def npy(values: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(values))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a{000..002}.tar", ["a000.tar", "a001.tar", "a002.tar"]),
        ("{8..11}", ["8", "9", "10", "11"]),
        ("{08..10}", ["08", "09", "10"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{0..9..4}", ["0", "4", "8"]),
        ("{-1..1}", ["-1", "0", "1"]),
        ("{train,test}-{0..1}", ["train-0", "train-1", "test-0", "test-1"]),
        ("{x}{0}", ["{x}{0}"]),
        ("x{a..}", ["x{a..}"]),
    ],
)
def test_braces(text: str, expected: list[str]) -> None:
    assert list(expand_braces(text)) == expected


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_braces_are_those_of_a_shell() -> None:
    numbers = [0, 1, 7, 12]
    texts = [
        f"s{{{a:0{w}}..{b}}}" for a, b, w in itertools.product(numbers, numbers, (1, 3)) if a != b
    ]
    shell = subprocess.run(
        ["bash", "-c", "; echo ".join(["echo", *texts])[6:]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [" ".join(expand_braces(text)) for text in texts] == shell.stdout.splitlines()


@given(st.text("ab{},.0129*/", max_size=12))
def test_any_text_is_expanded(text: str) -> None:
    assert list(itertools.islice(expand_braces(text), 200_000))


def test_files_in_natural_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("10.tar", "9.tar", "._9.tar", "x.txt", "sub/1.tar"):
        write_tar(tmp_path / name, [(f"{name[0]}{name[1]}.txt", b"x")])
    found = [
        [file.name for file in find_files([tmp_path / p])]
        for p in ("*.tar", "{9..10}.tar", "**/1.tar")
    ]
    assert found == [
        [f"{tmp_path}/9.tar", f"{tmp_path}/10.tar"],
        [f"{tmp_path}/9.tar", f"{tmp_path}/10.tar"],
        [f"{tmp_path}/sub/1.tar"],
    ]
    assert [file.name for file in find_files([tmp_path / "10.tar", tmp_path / "9.tar"])] == [
        f"{tmp_path}/10.tar",
        f"{tmp_path}/9.tar",
    ]


def test_an_existing_name_is_not_a_pattern(tmp_path: Path) -> None:
    file = write_tar(tmp_path / "a{0..1}[x].tar", [("a.txt", b"x")])
    assert not is_pattern(file)
    assert list(tar_rows(file).column("txt")) == ["x"]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{0..3}.tar", r"2 files of 4 not found: .*/2.tar, .*/3.tar"),
        ("x*.tar", "no file matches"),
        ("{0,0}.tar", "a file occurs twice"),
        ("{0..999999999}.tar", "more than 100,000 files"),
        ("{0..99999}{0..99999}.tar", "more than 100,000 files"),
        ("none.tar", "1 file of 1 not found"),
    ],
)
def test_patterns_without_files(tmp_path: Path, pattern: str, reason: str) -> None:
    for name in "01":
        write_tar(tmp_path / f"{name}.tar", [(f"{name}.txt", b"x")])
    with pytest.raises(DataError, match=reason) as error:
        tar_rows(tmp_path / pattern)
    assert "\n" not in str(error.value)
    assert are_tars(tmp_path / pattern)


def test_splits_are_subfolders(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_tar(tmp_path / split / "0.tar", [(f"{split}.txt", b"x")])
    assert list(tar_rows(tmp_path, "val").column("key")) == ["val"]
    with pytest.raises(DataError, match="has the splits train, val; add --split NAME"):
        tar_rows(tmp_path)
    with pytest.raises(UnknownName, match=r"unknown split .* 'trian': did you mean train"):
        tar_rows(tmp_path, "trian")
    write_tar(tmp_path / "test/0.tar", [("test.txt", b"x")])
    assert list(tar_rows(tmp_path).column("key")) == ["test"]
    assert are_tars(tmp_path)
    assert are_tars(tmp_path / "test")
    assert not are_tars(tmp_path / "test/nothing")
    (tmp_path / "empty").mkdir()
    assert not are_tars(tmp_path / "empty")
    with pytest.raises(DataError, match="no tar archive in it or its subfolders"):
        tar_rows(tmp_path / "empty")


def test_archives_next_to_media_files_are_not_the_data(tmp_path: Path) -> None:
    write_tar(tmp_path / "backup/x.tar", [("a.jpg", b"x")])
    assert are_tars(tmp_path)
    write_file(tmp_path / "README.md", "photos")
    assert are_tars(tmp_path)
    write_file(tmp_path / "b.jpg", b"x")
    assert not are_tars(tmp_path)
    write_tar(tmp_path / "y.tar", [("a.jpg", b"x")])
    assert not are_tars(tmp_path)


def wds(root: Path, kind: str, shards: int = 2) -> Path:
    """Write the layout of CLIP_benchmark, with three samples in each archive."""
    for shard in range(shards):
        members: list[tuple[str, bytes]] = []
        for at in range(3):
            n = shard * 3 + at
            label = {
                "classification": ("cls", b"%d" % (n % 3)),
                "multilabel": ("npy", npy([n % 2, 0, 1])),
                "retrieval": ("txt", b"a dog %d\nwith \\n inside" % n),
            }[kind]
            members += [(f"s{n:07}.{label[0]}", label[1]), (f"s{n:07}.webp", b"image %d" % n)]
        write_tar(root / "test" / f"{shard}.tar", members)
    write_file(root / "test/nshards.txt", f"{shards}\n")
    write_tar(root / "train/0.tar", [("s0.cls", b"0"), ("s0.webp", b"x")])
    write_file(root / "train/nshards.txt", "1\n")
    if kind == "retrieval":
        write_file(root / "dataset_type.txt", "retrieval\n")
        return root
    write_file(root / "classnames.txt", "cat\ndog \nred fox\n")
    write_file(root / "zeroshot_classification_templates.txt", "a photo of a {c}.\na {c}\n")
    if kind == "multilabel":
        write_file(root / "dataset_type.txt", "Multilabel\n")
    return root


def test_clip_benchmark_classification(tmp_path: Path) -> None:
    rows = tar_rows(wds(tmp_path, "classification", 11))
    assert (rows.kind, rows.total) == ("classification", 33)
    assert list(rows.column("key")) == [f"s{n:07}" for n in range(33)]
    assert list(rows.column("cls")) == [n % 3 for n in range(33)]
    assert rows.classes("cls") == ["cat", "dog", "red fox"]
    assert rows.classes("webp") == []
    assert rows.templates() == ["a photo of a {}.", "a {}"]
    media = [read_bytes(one) for one in rows.media("image", "image")]  # type: ignore[arg-type]
    assert media == [b"image %d" % n for n in range(33)]
    assert list(tar_rows(tmp_path, "train").column("key")) == ["s0"]
    for place in (tmp_path / "test", tmp_path / "test/{0..10}.tar"):
        rows = tar_rows(place)
        assert (rows.kind, rows.total, rows.classes("cls")[0]) == ("classification", 33, "cat")


def test_clip_benchmark_multilabel(tmp_path: Path) -> None:
    rows = tar_rows(wds(tmp_path, "multilabel"))
    assert rows.names() == ["key", "image", "label", "webp"]
    assert list(rows.column("label")) == [[2], [0, 2]] * 3
    assert rows.classes("label") == ["cat", "dog", "red fox"]
    write_tar(tmp_path / "test/1.tar", [("s9.npy", npy([1, 0])), ("s9.webp", b"x")])
    with pytest.raises(DataError, match=r"key 's9': .* a 0 or 1 for each of 3 classes"):
        tar_rows(tmp_path).column("label")


def test_clip_benchmark_retrieval(tmp_path: Path) -> None:
    rows = tar_rows(wds(tmp_path, "retrieval"))
    assert list(rows.column("txt")) == [[f"a dog {n}", "with \\n inside"] for n in range(6)]


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("test/nshards.txt", "3", r"counts 3 archives, but there is no 2.tar"),
        ("test/nshards.txt", "many", "has 'many'; write the number"),
        ("test/nshards.txt", "0", "has '0'; write the number"),
        ("test/nshards.txt", "9" * 99, "write the number"),
        ("dataset_type.txt", "segmentation", "unknown data set type in .*dataset_type.txt"),
        ("classnames.txt", b"\xff\xfe", r"classnames.txt cannot be read: .*utf-8"),
    ],
)
def test_clip_benchmark_with_faults(tmp_path: Path, file: str, text: object, reason: str) -> None:
    write_file(wds(tmp_path, "classification") / file, text)
    with pytest.raises((DataError, UnknownName), match=reason) as error:
        tar_rows(tmp_path)
    assert "\n" not in str(error.value)
