"""Archives at URLs: fsspec's file systems in memory and on disk, with a log of the ranges read."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from mmbench.data.readers.tars.layouts import are_tars
from mmbench.data.readers.tars.rows import tar_rows
from mmbench.engine.workers.shipping import visible_place
from mmbench.errors import DataError, SampleError
from mmbench.media import read_bytes
from mmbench.storage.content_keys import ContentKeys, cache_folder, digest
from mmbench.storage.media_places import media_place
from tests.data.readers.tars.test_failures import write_shard
from tests.data.readers.tars.test_places import wds
from tests.support.processes import run_python
from tests.support.servers.dataset_hub import NAME, dataset_hub
from tests.support.tars import tar_bytes, write_tar

IMAGES = [random.Random(n).randbytes(3000 + n) for n in range(50)]
MEMBERS = [
    (f"{n:03}.{ending}", data)
    for n, image in enumerate(IMAGES)
    for ending, data in (
        ("jpg", image),
        ("json", json.dumps({"n": n}).encode()),
        ("txt", b"" if n == 7 else b"a dog %d" % n),
    )
]


class Ranged(MemoryFileSystem):
    """Files in memory; logs the ranges that are read."""

    protocol = "ranged"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    ranges: ClassVar[list[tuple[int, int]]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        memory = path.replace(f"{cls.protocol}://", "memory://")
        return str(super()._strip_protocol(memory))

    def cat_file(self, path: str, start: Any = None, end: Any = None, **kwargs: Any) -> bytes:
        data: bytes = super().cat_file(path, start, end, **kwargs)
        self.ranges.append((start or 0, len(data)))
        return data


class NoRanges(Ranged):
    """A server that ignores ranges."""

    protocol = "noranges"

    def cat_file(self, path: str, start: Any = None, end: Any = None, **kwargs: Any) -> bytes:
        return super().cat_file(path, **kwargs)


class NoVersions(Ranged):
    """A server that tells no version of its files."""

    protocol = "noversions"

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        return {**super().info(path, **kwargs), "created": None}


class Disk(LocalFileSystem):
    """Files on disk that are read through fsspec's general method for ranges."""

    protocol = "ondisk"


class Broken(Ranged):
    """A server that fails."""

    protocol = "broken"

    def cat_file(self, *args: Any, **kwargs: Any) -> bytes:
        raise RuntimeError("503\nSlow down")


for one in (Ranged, NoRanges, NoVersions, Disk, Broken):
    fsspec.register_implementation(str(one.protocol), one, clobber=True)


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    yield
    Ranged.store.clear()
    Ranged.ranges.clear()


def put(name: str, data: bytes) -> None:
    Ranged().pipe_file(name, data)


def upload(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            put(f"/{file.relative_to(folder)}", file.read_bytes())


def total(ranges: list[tuple[int, int]]) -> int:
    return sum(length for _, length in ranges)


def test_members_are_read_by_ranges_and_the_index_is_cached() -> None:
    put("/b/x.tar", tar_bytes(MEMBERS))
    rows = tar_rows("ranged://b/x.tar")
    assert rows.names() == ["key", "image", "jpg", "json", "txt", "n"]
    assert list(rows.column("txt")) == ["" if n == 7 else f"a dog {n}" for n in range(50)]
    media: list[Any] = list(rows.media("jpg", "image"))
    assert len(Ranged.ranges) == 1  # values come with the headers
    Ranged.ranges.clear()
    assert [read_bytes(one) for one in media] == IMAGES
    assert [length for _, length in Ranged.ranges] == [len(image) for image in IMAGES]
    assert media[3].name == "003.jpg in ranged:///b/x.tar"
    Ranged.ranges.clear()
    again = tar_rows("ranged://b/x.tar")
    for column in ("key", "txt", "n"):
        assert list(again.column(column)) == list(rows.column(column))
    assert Ranged.ranges == []


def test_large_values_are_requested_when_they_are_read() -> None:
    put("/x.tar", tar_bytes([("a.txt", b"x" * 100_000), ("b.txt", b""), ("c.txt", b"c")]))
    rows = tar_rows("ranged://x.tar")
    Ranged.ranges.clear()
    assert list(rows.column("txt")) == ["x" * 100_000, "", "c"]
    assert Ranged.ranges == [(512, 100_000)]


def test_large_members_are_skipped_while_headers_are_read() -> None:
    large = bytes(9 << 20)
    put("/x.tar", tar_bytes([("a.mp4", large), ("a.txt", b"x"), ("b.mp4", large), ("b.txt", b"y")]))
    tar_rows("ranged://x.tar")
    assert len(Ranged.ranges) <= 4
    assert total(Ranged.ranges) < 10 << 20


def test_keys_are_cached_until_the_file_changes() -> None:
    put("/x.tar", tar_bytes(MEMBERS))

    def keys() -> list[bytes]:
        media: list[Any] = list(tar_rows("ranged://x.tar").media("jpg", "image"))
        with ContentKeys(cache_folder()) as content_keys:
            found, failures = content_keys.keys(media)
        assert not failures
        return [key.tobytes() for key in found]

    assert keys() == [digest("image", digest(image)) for image in IMAGES]
    Ranged.ranges.clear()
    assert len(keys()) == 50
    assert Ranged.ranges == []
    put("/x.tar", tar_bytes([(name, data[::-1]) for name, data in MEMBERS if "json" not in name]))
    assert keys() == [digest("image", digest(image[::-1])) for image in IMAGES]


def test_without_a_version_nothing_is_cached() -> None:
    put("/x.tar", tar_bytes(MEMBERS))
    for _ in range(2):
        Ranged.ranges.clear()
        assert tar_rows("noversions://x.tar").total == 50
        assert Ranged.ranges


def test_only_the_driver_reads_archives_at_urls() -> None:
    put("/x.tar", tar_bytes(MEMBERS))
    medium: Any = tar_rows("ranged://x.tar").media("jpg", "image")[0]
    assert visible_place(medium) is None
    assert media_place(medium).path == ""


def test_patterns_folders_and_layouts(tmp_path: Path) -> None:
    for n in (2, 10):
        put(f"/p/{n}.tar", tar_bytes([(f"{n}.txt", b"%d" % n)]))
    for place in ("ranged://p/*.tar", "ranged://p/{2,10}.tar", "ranged://p", "ranged://p/"):
        assert are_tars(place)
        assert list(tar_rows(place).column("txt")) == ["2", "10"]
        assert list(tar_rows(Path(place)).column("txt")) == ["2", "10"]  # ranged:/p
    wds(tmp_path / "wds", "classification")
    for shard in range(2):
        write_shard(tmp_path / "out", shard)
    upload(tmp_path)
    for name in ("wds", "out"):
        assert are_tars(f"ranged://{name}")
        here, there = tar_rows(tmp_path / name), tar_rows(f"ranged://{name}")
        assert there.names() == here.names()
        for column in ("key", "cls") if name == "wds" else ("key", "url", "txt", "error_message"):
            assert list(there.column(column)) == list(here.column(column))
        assert there.classes("cls") == here.classes("cls")
        assert there.templates() == here.templates()


def test_files_on_disk_through_fsspec(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", MEMBERS)
    for url in (f"ondisk://{path}", f"file://{path}", str(path)):
        rows = tar_rows(url)
        assert [read_bytes(one) for one in rows.media("jpg", "image")] == IMAGES  # type: ignore[arg-type]
        assert list(rows.column("n")) == list(range(50))
    assert rows.media("jpg", "image")[0].name == f"000.jpg in {path}"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ranged://none/x.tar", r"1 file of 1 not found: ranged:///none/x.tar"),
        ("ranged://none/*.tar", "no file matches"),
        ("nosuch://x.tar", "nosuch://x.tar cannot be opened: Protocol not known: nosuch"),
        ("noranges://x.tar", r"x.tar cannot be read: .* instead of"),
        ("broken://x.tar", r"broken:///x.tar cannot be read: 503 Slow down$"),
        ("ranged://cut.tar", r"cut.tar: byte [\d,]+: .* the archive is truncated"),
        ("ranged://x.tar.gz", "is compressed by gzip"),
    ],
)
def test_faults(url: str, reason: str) -> None:
    large = [("a.jpg", bytes(5 << 20)), ("b.jpg", b"x")]
    put("/x.tar", tar_bytes(large))
    put("/cut.tar", tar_bytes(MEMBERS)[:5000])
    put("/x.tar.gz", b"\x1f\x8b" + bytes(1000))
    with pytest.raises(DataError, match=reason) as error:
        tar_rows(url)
    assert "\n" not in str(error.value)


def test_a_member_that_cannot_be_requested_fails_alone() -> None:
    put("/x.tar", tar_bytes(MEMBERS))
    first, second = itertools.islice(tar_rows("ranged://x.tar").media("jpg", "image"), 2)
    put("/x.tar", tar_bytes(MEMBERS)[:1000])
    for medium in (first, second):
        with pytest.raises(SampleError, match=r"00\d.jpg in ranged:///x.tar: cannot be read: "):
            read_bytes(medium)  # type: ignore[arg-type]


SCRIPT = """
import json, sys
from mmbench.data.readers.tars.layouts import are_tars
from mmbench.data.readers.tars.rows import tar_rows
assert are_tars(sys.argv[1])
rows = tar_rows(sys.argv[1])
media = list(rows.media("jpg", "image"))
print(json.dumps([list(rows.column("txt")), [len(media[at].read()) for at in (0, 49)]]))
"""


@pytest.mark.slow
def test_archives_of_the_hub_are_read_by_ranges(tmp_path: Path) -> None:
    files = {
        "README.md": b"pictures",
        "dataset_type.txt": b"retrieval\n",
        "test/nshards.txt": b"1\n",
        "test/0.tar": tar_bytes(MEMBERS),
    }
    texts = [[] if n == 7 else [f"a dog {n}"] for n in range(50)]
    with dataset_hub(files) as (url, asked):
        settings = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1"}
        for place in ("", "/test/*.tar", "/test/{0..0}.tar"):
            printed = run_python(SCRIPT, f"hf://datasets/{NAME}{place}", **settings)
            assert json.loads(printed) == [texts, [3000, 3049]]
    ranges = [line for line in asked if line.startswith("bytes=")]
    assert ranges.count("bytes=512-3511") == 3
    assert sum(line.startswith("bytes=0-2") and len(line) > 12 for line in ranges) == 1
