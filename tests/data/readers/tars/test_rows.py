"""Rows of archives: columns, media and values, against the members that tarfile extracts."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import multiprocessing
import os
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mmbench.data.readers.tars.files import DiskFile
from mmbench.data.readers.tars.index import index_tar
from mmbench.data.readers.tars.rows import TarRows, tar_rows
from mmbench.data.readers.tars.values import decode_array
from mmbench.engine.workers.messages import Shipped
from mmbench.engine.workers.shipping import MediaSender, receive_media
from mmbench.errors import DataError, SampleError
from mmbench.media import read_bytes
from mmbench.storage.content_keys import ContentKeys, cache_folder, digest
from mmbench.storage.key_store import HASHES, KeyStore
from mmbench.storage.media_places import media_place, read_place
from mmbench.types import Media
from tests.support.tars import FORMATS, Members, add_member, tar_bytes, write_tar

SAMPLES = {
    f"d/{n:03}": {
        "jpg": b"image %d" % n,
        "txt": f"a dög {n}\n".encode(),
        "cls": b"%d" % (n * 7),
        "json": json.dumps({"url": f"u{n}", "size": [n, 2]}).encode(),
    }
    for n in range(12)
}
MEMBERS = [(f"{key}.{ext}", data) for key, parts in SAMPLES.items() for ext, data in parts.items()]


def npy(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def rows_of(tmp_path: Path, members: Members, name: str = "x.tar") -> TarRows:
    return tar_rows(write_tar(tmp_path / name, members))


def read_all(media: Any) -> list[bytes]:
    return [read_bytes(medium) for medium in media]


@pytest.mark.parametrize("form", FORMATS)
def test_columns_are_the_members_of_each_key(tmp_path: Path, form: str) -> None:
    rows = tar_rows(write_tar(tmp_path / "x.tar", MEMBERS, FORMATS[form]))
    assert rows.names() == ["key", "image", "jpg", "txt", "cls", "json", "url", "size"]
    assert list(rows.column("key")) == list(SAMPLES)
    for name in ("image", "jpg"):
        media = rows.media(name, "image")
        assert read_all(media) == [parts["jpg"] for parts in SAMPLES.values()]
        assert [one.name for one in media][1] == f"d/001.jpg in {tmp_path}/x.tar"
        assert list(rows.column(name)) == list(media)
    assert list(rows.column("txt")) == [f"a dög {n}" for n in range(12)]
    assert list(rows.column("cls")) == [n * 7 for n in range(12)]
    assert list(rows.column("url")) == list(rows.column("json.url")) == [f"u{n}" for n in range(12)]
    assert list(rows.column("size")) == [[n, 2] for n in range(12)]
    assert rows.content_type("jpg") == rows.content_type("image") == "image"
    assert rows.content_type("txt") == ""
    rows.select({"cls": ["7", 21]})
    assert read_all(rows.media("jpg", "image")) == [b"image 1", b"image 3"]
    assert rows.where(1) == f"{tmp_path}/x.tar key 'd/003'"


def test_samples_without_a_member_have_none_there(tmp_path: Path) -> None:
    members = [
        ("a.jpg", b"A"),
        ("a.json", b'{"x": 1}'),
        ("b.png", b"B"),
        ("b.txt", b""),
        ("c.txt", b"c"),
    ]
    rows = rows_of(tmp_path, members)
    assert rows.names() == ["key", "image", "jpg", "json", "png", "txt", "x"]
    cells = rows.media("image", "image")
    assert read_all(cells[:2]) == [b"A", b"B"]
    assert cells[2] is None
    assert [cell is None for cell in rows.media("png", "image")] == [True, False, True]
    assert list(rows.column("txt")) == [None, "", "c"]
    assert list(rows.column("x")) == [1, None, None]


def test_two_images_of_a_sample_are_no_column_image(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, [("a.left.jpg", b"L"), ("a.right.jpg", b"R"), ("a.wav", b"W")])
    assert rows.names() == ["key", "audio", "left.jpg", "right.jpg", "wav"]
    assert read_all(rows.media("right.jpg", "image")) == [b"R"]


def test_texts_of_several_lines_are_lists(tmp_path: Path) -> None:
    members = [("a.txt", b"one\r\ntwo\n"), ("b.txt", b"\xef\xbb\xbfone\n\n"), ("c.html", b"<p>\n")]
    rows = rows_of(tmp_path, members)
    assert list(rows.column("txt")) == [["one", "two"], "one", None]


def test_classes_that_are_no_numbers_stay_texts(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, [("a.cls", b"3\n"), ("b.cls", b"cat")])
    assert list(rows.column("cls")) == ["3", "cat"]


def test_a_key_of_several_archives_begins_with_the_name_of_the_archive(tmp_path: Path) -> None:
    for name in ("10.tar", "9.tar"):
        write_tar(tmp_path / name, [("0.txt", name.encode()), ("1.txt", b"x")])
    rows = tar_rows(tmp_path)
    assert list(rows.column("key")) == ["9/0", "9/1", "10/0", "10/1"]
    assert list(rows.column("txt")) == ["9.tar", "x", "10.tar", "x"]
    write_tar(tmp_path / "b/9.tar", [("0.txt", b"b")])
    rows = tar_rows([tmp_path / "b/9.tar", tmp_path / "9.tar"])
    assert list(rows.column("key")) == ["b/9/0", f"{tmp_path.name}/9/0", f"{tmp_path.name}/9/1"]


def test_links_and_special_members_are_read_or_fail(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        add_member(archive, "a.jpg", b"image")
        add_member(archive, "b.jpg", type=tarfile.LNKTYPE, linkname="a.jpg")
        add_member(archive, "c.jpg", type=tarfile.LNKTYPE, linkname="../secret.jpg")
        add_member(archive, "d.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add_member(archive, "e.jpg", type=tarfile.FIFOTYPE)
        add_member(archive, "f.jpg", b"last")
    media = list(tar_rows(tmp_path / "x.tar").media("jpg", "image"))
    assert read_all([media[0], media[1], media[5]]) == [b"image", b"image", b"last"]
    for medium, reason in zip(
        media[2:5],
        ["a hard link to '../secret.jpg'", "a symbolic link to '/etc/passwd'", "a pipe"],
        strict=True,
    ):
        with pytest.raises(SampleError, match=reason) as error:
            read_bytes(medium)
        assert f"{medium.name}: cannot be read: " in str(error.value)
    with ContentKeys(cache_folder()) as keys:
        found, failures = keys.keys(media)
    assert list(failures) == [2, 3, 4]
    assert found[1].tobytes() == digest("image", digest(b"image"))


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    names = ["../../etc/passwd.txt", "/abs.txt", "a\x1b[31m\nb.txt", "n\udcff.txt"]
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        for name in names:
            add_member(archive, name, b"x")
    rows = tar_rows(tmp_path / "x.tar")
    keys = list(rows.column("key"))
    assert keys == ["../../etc/passwd", "/abs", "a\x1b[31m\nb", "n\\xff"]
    assert "\x1b" not in rows.where(2)
    assert list(rows.column("txt")) == ["x"] * 4


PACKED = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("kind", PACKED)
def test_a_compressed_archive_is_refused_with_the_command(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "x.tar.gz"
    file.write_bytes(PACKED[kind](tar_bytes(MEMBERS)))
    with pytest.raises(DataError) as error:
        tar_rows(file)
    command = {"gzip": "gunzip -k", "bzip2": "bunzip2 -k", "xz": "unxz -k"}[kind]
    assert str(error.value) == (
        f"{file} is compressed by {kind}, and members of a compressed archive have no offsets;"
        f" decompress it: {command} {file}"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "byte 0: the file ends here"),
        (b"image,text\na.jpg,a dog\n" * 40, "CSV with the columns image, text, not a tar archive"),
        (bytes(10240), "no samples"),
        (tar_bytes([("README", b"x"), ("d/.hidden.jpg", b"x")]), "no samples"),
        (tar_bytes(MEMBERS)[:1800], r"byte \d[\d,]*: .* the archive is truncated"),
        (tar_bytes([("a.jpg", b"1"), ("a.JPG", b"2")]), "the member 'a.JPG' occurs twice"),
    ],
)
def test_files_that_are_no_archive_of_samples(tmp_path: Path, data: bytes, reason: str) -> None:
    file = tmp_path / "x.tar"
    file.write_bytes(data)
    with pytest.raises(DataError, match=reason) as error:
        tar_rows(file)
    assert str(error.value).startswith(str(file))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.json", b"{", "truncated"),
        ("a.json", b"[" * 200 + b"]" * 200, "nested"),
        ("a.txt", b"\xff\xfe", "utf-8"),
        ("a.pyd", b"cos\nsystem", "may run code"),
        ("a.pth", b"PK", "may run code"),
        ("a.xyz", b"x", "files .xyz are not read as values"),
        ("a.npy", npy(np.array([{}], object), allow_pickle=True), "Python objects"),
        ("a.npy", b"junk", "magic string"),
        ("a.npy", npy(np.zeros(3))[:-1], "does not fit its data"),
        ("a.npy", npy(np.zeros(3)).replace(b"(3,)", b"(9,)"), "does not fit its data"),
        ("a.npy", npy(np.zeros((1, 3))).replace(b"(1, 3)", b"(-1,3)"), "does not fit|negative"),
        ("a.txt", b"x" * (16 << 20) + b"x", "has 16,777,217 bytes, more than the limit"),
    ],
)
def test_a_value_that_cannot_be_read_is_an_error_with_its_member(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    rows = rows_of(tmp_path, [("0.jpg", b"x"), (name, data)])
    with pytest.raises(DataError, match=reason) as error:
        rows.column_of_values(name.removeprefix("a."))
    assert str(error.value).startswith(f"{tmp_path}/x.tar: member {name!r}: ")
    assert "\n" not in str(error.value)


plain_types = st.one_of(
    arrays.integer_dtypes(), arrays.unsigned_integer_dtypes(), arrays.boolean_dtypes(),
    arrays.floating_dtypes(sizes=(32, 64)), arrays.unicode_string_dtypes(max_len=3),
)  # fmt: skip


@given(
    arrays.arrays(plain_types, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0)),
    st.booleans(),
)
def test_arrays_are_those_of_numpy(array: Any, by_column: bool) -> None:
    stored = np.asfortranarray(array) if by_column else array
    expected = np.load(io.BytesIO(npy(stored)), allow_pickle=False)
    assert str(decode_array(npy(stored))) == str(expected.tolist())


def test_places_are_read_by_reports_and_workers(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, MEMBERS)
    media: list[Any] = list(rows.media("jpg", "image"))
    assert [read_place(media_place(one)) for one in media] == read_all(media)
    assert media_place(media[0]).path == str(tmp_path / "x.tar")
    with ContentKeys(cache_folder()) as keys:
        sent: dict[bytes, Media] = {}
        items = MediaSender(keys).ship(media, sent)
    assert all(isinstance(item, Media) and isinstance(item.read, Shipped) for item in items)
    here = [receive_media(item, {}) for item in items]  # reads the archive, not what was sent
    assert [read_bytes(one) for one in here if isinstance(one, Media)] == read_all(media)


def test_an_archive_that_changes_is_not_read_further(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, MEMBERS)
    medium: Any = rows.media("jpg", "image")[0]
    write_tar(tmp_path / "x.tar", MEMBERS[1:])
    with pytest.raises(SampleError, match=r"x.tar was changed after it was opened"):
        read_bytes(medium)


def test_members_beyond_the_limit_fail_alone(tmp_path: Path) -> None:
    header = tarfile.TarInfo("a.mp4")
    header.size = 3 << 30
    file = tmp_path / "x.tar"
    rest = tar_bytes([("b.mp4", b"video")])
    with file.open("wb") as stream:
        stream.write(header.tobuf(tarfile.USTAR_FORMAT))
        stream.seek(512 + header.size)  # a hole: no disk space
        stream.write(rest)
    large, small = tar_rows(file).media("mp4", "video")
    with pytest.raises(SampleError, match="3,221,225,472 bytes exceed the limit of 2,147,479,552"):
        read_bytes(large)
    assert read_bytes(small) == b"video"


class CountedFile(DiskFile):
    reads = 0

    def read(self, offset: int, length: int) -> bytes:
        self.reads += 1
        return super().read(offset, length)

    def opened(self) -> Any:
        self.reads += 1
        return super().opened()


def settled(path: Path) -> Path:
    """Wait until a new file is old enough for the cache."""
    while time.time_ns() - path.stat().st_ctime_ns <= 2 * 10**9:
        time.sleep(0.05)
    return path


def test_an_index_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmbench.storage.content_keys._CLOCK_NS", -1)
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        add_member(archive, "n\udcff.jpg", b"image")
        add_member(archive, "b.jpg", type=tarfile.SYMTYPE, linkname="x\udcff")
    store = KeyStore(cache_folder() / HASHES)
    first, again = CountedFile(path), CountedFile(path)
    indexes = [index_tar(first, store), index_tar(again, store)]
    assert (first.reads, again.reads) == (1, 0)
    for one in indexes:
        assert one.names == ["n\udcff.jpg", "b.jpg"]
        assert [column.tolist() for column in (one.offsets, one.sizes)] == [[512, -1], [5, 0]]
        assert list(one.faults) == [1]
    os.utime(path)
    changed = CountedFile(path)
    index_tar(changed, store)
    assert changed.reads == 1
    store.close()


def test_an_index_of_a_file_that_may_still_change_is_not_cached(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", MEMBERS)
    store = KeyStore(cache_folder() / HASHES)
    index_tar(DiskFile(path), store)
    again = CountedFile(path)
    index_tar(again, store)
    assert again.reads == 1
    store.close()


def _column(pattern: str) -> list[Any]:
    rows = tar_rows(pattern)
    with ContentKeys(cache_folder()) as keys:
        found, _ = keys.keys(list(rows.media("jpg", "image")))
    return [*rows.column("txt"), found.tobytes()]


@pytest.mark.slow
def test_several_processes_index_the_same_archives(tmp_path: Path) -> None:
    for n in range(8):
        members = [(f"{n}-{name}", data) for name, data in MEMBERS]
        write_tar(tmp_path / f"{n}.tar", [(name.replace("/", "-"), data) for name, data in members])
    settled(tmp_path / "7.tar")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.map(_column, [str(tmp_path / "{0..7}.tar")] * 12)
    assert found == [_column(str(tmp_path / "*.tar"))] * 12
    assert len(found[0]) == 97
