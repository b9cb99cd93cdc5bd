"""Headers of archives, against Python's tarfile, and of damaged archives."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.data.readers.tars.headers import (
    BLOCK,
    FOLDER,
    HARD_LINK,
    REGULAR,
    SPARSE,
    SYMBOLIC_LINK,
    Header,
    TarFault,
    read_headers,
)
from tests.support.tars import FORMATS, add_member, tar_bytes

LONG = "very-long-folder/" * 20 + "a.jpg"


def headers(data: bytes) -> list[Header]:
    return list(read_headers(lambda at, length: data[at : at + length], len(data)))


def by_tarfile(data: bytes) -> list[tuple[str, int, int]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        return [(one.name, one.offset_data, one.size) for one in archive if one.isreg()]


def regular(data: bytes) -> list[tuple[str, int, int]]:
    return [(h.name, h.offset, h.size) for h in headers(data) if h.kind == REGULAR]


names = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=130
).filter(lambda name: name.strip("/") and not name.endswith("/"))


@given(
    st.lists(st.tuples(names, st.binary(max_size=1100)), max_size=4),
    st.sampled_from(["GNU", "pax"]),
)
@settings(max_examples=80)
def test_headers_are_those_of_tarfile(members: list[tuple[str, bytes]], form: str) -> None:
    data = tar_bytes(members, FORMATS[form])
    found = regular(data)
    assert found == by_tarfile(data)
    assert [data[at : at + size] for _, at, size in found] == [content for _, content in members]
    assert [name for name, *_ in found] == [name for name, _ in members]


@pytest.mark.parametrize("form", FORMATS)
def test_all_types_of_members(form: str) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=FORMATS[form]) as archive:
        add_member(archive, "d", type=tarfile.DIRTYPE)
        add_member(archive, "d/a.jpg", b"image")
        add_member(archive, "d/b.jpg", type=tarfile.LNKTYPE, linkname="d/a.jpg")
        add_member(archive, "d/c.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add_member(archive, "d/pipe.jpg", type=tarfile.FIFOTYPE)
        add_member(archive, "p" * 90 + "/" + "n" * 90, b"x" * 513)
    data = stream.getvalue()
    kinds = [(one.name, one.kind, one.target) for one in headers(data)]
    assert kinds[:5] == [
        ("d/", FOLDER, ""),
        ("d/a.jpg", REGULAR, ""),
        ("d/b.jpg", HARD_LINK, "d/a.jpg"),
        ("d/c.jpg", SYMBOLIC_LINK, "/etc/passwd"),
        ("d/pipe.jpg", "6", ""),
    ]
    assert regular(data) == by_tarfile(data)


def test_sizes_and_fields_of_pax_headers() -> None:
    stream = io.BytesIO()
    every = {"comment": "for all", "SCHILY.xattr.user": "x"}
    with tarfile.open(
        fileobj=stream, mode="w", format=tarfile.PAX_FORMAT, pax_headers=every
    ) as archive:
        add_member(archive, "a.txt", b"12345", pax_headers={"size": "5", "note": "ünï"})
        add_member(archive, LONG, b"6789")
        add_member(archive, "c", type=tarfile.SYMTYPE, linkname=LONG)
    data = stream.getvalue()
    assert regular(data) == by_tarfile(data)
    assert headers(data)[-1].target == LONG


def test_large_sizes_in_binary() -> None:
    member = tarfile.TarInfo("big.mp4")
    member.size = 9 << 30  # more than 11 octal digits
    data = member.tobuf(tarfile.GNU_FORMAT)
    size = len(data) + member.size + 2 * BLOCK

    def read(at: int, length: int) -> bytes:
        return data[at : at + length] if at < len(data) else bytes(length)

    assert list(read_headers(read, size)) == [Header("big.mp4", REGULAR, BLOCK, 9 << 30)]


@pytest.mark.skipif(not shutil.which("tar"), reason="there is no tar program")
@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_archives_of_gnu_tar(tmp_path: Path, form: str) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(bytes([number]) * (700 * number))
    command = ["tar", f"--format={form}", "-cf", "x.tar", "--sort=name", "0.jpg", "1.jpg", "2.jpg"]
    if subprocess.run(command, cwd=tmp_path, capture_output=True).returncode:
        pytest.skip("this tar does not write the format")
    data = (tmp_path / "x.tar").read_bytes()
    assert regular(data) == by_tarfile(data)
    assert len(regular(data)) == 3


@pytest.mark.skipif(not shutil.which("tar"), reason="there is no tar program")
@pytest.mark.parametrize(
    "form",
    [
        ["--format=gnu"],
        *(["--format=posix", f"--sparse-version={v}"] for v in ("0.0", "0.1", "1.0")),
    ],
)
def test_sparse_files(tmp_path: Path, form: list[str]) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        for number in range(40):  # more pieces than one header holds
            file.seek(number << 16)
            file.write(b"data")
    (tmp_path / "b.jpg").write_bytes(b"plain")
    command = ["tar", *form, "--sparse", "-cf", "x.tar", "a.jpg", "b.jpg"]
    if subprocess.run(command, cwd=tmp_path, capture_output=True).returncode:
        pytest.skip("this tar does not write the format")
    data = (tmp_path / "x.tar").read_bytes()
    sparse, plain = headers(data)
    if sparse.kind == REGULAR:
        pytest.skip("the file system stores no sparse files")
    assert (sparse.name, sparse.kind) == ("a.jpg", SPARSE)
    assert data[plain.offset : plain.offset + plain.size] == b"plain"


MEMBERS = [("a.jpg", b"x" * 700), ("a.txt", b"a dog"), (LONG, b"y")]


@pytest.mark.parametrize("form", ["GNU", "pax"])
def test_a_truncated_archive_is_an_error_at_every_length(form: str) -> None:
    data = tar_bytes(MEMBERS, FORMATS[form])
    end = max(at + -(-size // BLOCK) * BLOCK for _, at, size in by_tarfile(data))
    for length in range(0, end + BLOCK, 7):
        with pytest.raises(TarFault, match=r"byte [\d,]+: "):
            headers(data[:length])
    assert headers(data[: end + BLOCK]) == headers(data)  # tar accepts a single zero block, too


def test_the_message_says_where_a_truncated_archive_ends() -> None:
    data = tar_bytes([("a.jpg", b"x" * 2000)])
    with pytest.raises(TarFault, match=r"byte 0: 'a.jpg' has 2,000 bytes, but .* only 488 more"):
        headers(data[:1000])
    with pytest.raises(TarFault, match=r"byte 2,560: the file ends here, without the two zero"):
        headers(data[:2560])


def test_a_second_archive_at_the_end_is_an_error() -> None:
    first, second = tar_bytes([("a.jpg", b"x")]), tar_bytes([("b.jpg", b"y")])
    with pytest.raises(TarFault, match=r"further data follow the end of the archive at byte 1,024"):
        headers(first + second)


def test_hostile_numbers_and_extended_headers() -> None:
    for size in (
        b"-0000000001\0",
        b"9" * 12,
        b"\xff" * 12,
        b"\x80" + b"\xff" * 11,
        b"0x10\0\0\0\0\0\0\0\0",
    ):
        block = bytearray(tarfile.TarInfo("a.jpg").tobuf(tarfile.USTAR_FORMAT))
        block[124:136] = size
        block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
        with pytest.raises(TarFault, match=r"byte 0: .*\(a number is invalid\)"):
            headers(bytes(block) + bytes(1024))
    for name, size in (("L", 2 << 20), ("x", 2 << 20)):
        member = tarfile.TarInfo("././@LongLink")
        member.type, member.size = name.encode(), size
        data = member.tobuf(tarfile.GNU_FORMAT) + b"a" * (2 << 20) + bytes(1024)
        with pytest.raises(TarFault, match="exceeds the limit"):
            headers(data)
    for record in (b"99999999 a=b\n", b"-3 a=b\n", b"a=b\n", b"6 a=bc", b"0 a=b\n"):
        member = tarfile.TarInfo("p")
        member.type, member.size = b"x", len(record)
        data = member.tobuf(tarfile.GNU_FORMAT) + record.ljust(BLOCK, b"\0") + bytes(1024)
        with pytest.raises(TarFault, match="the extended header is damaged"):
            headers(data)


def test_a_damaged_archive_gives_headers_or_a_fault() -> None:
    rng = random.Random(0)
    data = tar_bytes(MEMBERS, tarfile.PAX_FORMAT)
    faults = 0
    for _ in range(1500):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            found = headers(bytes(damaged))
        except TarFault:
            faults += 1
        else:
            assert all(0 <= one.offset <= len(data) - one.size for one in found)
    assert 100 < faults < 1400
