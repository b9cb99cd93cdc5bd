"""The headers of tar archives: the names, types, offsets and sizes of the members.

The formats are ustar and pax (POSIX.1-2001, section "pax Interchange Format"), GNU tar (its manual,
section "Basic Tar Format") and the older V7 format, as Python's `tarfile` reads them. Unlike
`tarfile`, this module reports damaged headers and a missing end as errors, and limits the size of
extended headers. No data of members are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mmbench.data.readers.tars.files import Read

BLOCK = 512  # bytes of a header; data are padded to a multiple of it

REGULAR, HARD_LINK, SYMBOLIC_LINK, FOLDER, SPARSE = "0", "1", "2", "5", "S"

_ZEROS = bytes(BLOCK)
_MOST_EXTENDED = 1 << 20  # bytes of an extended header, which holds names and similar texts
_TRAILING = 1 << 20  # bytes after the end of the archive that are searched for further data
_NO_DATA = (HARD_LINK, SYMBOLIC_LINK, "3", "4", FOLDER, "6")  # 3, 4 and 6: devices and pipes
_LONG = {"L": "path", "K": "linkpath"}  # GNU tar's long names, by the field that they replace
_PAX = ("x", "X", "g")
_SPARSE_FLAG, _MORE_FLAG = 482, 504  # offsets of the byte that says that a sparse map continues
_UNTIL_END = "the archive is truncated or was not finished"


class TarFault(ValueError):
    """The error for a damaged archive; the message gives the offset of the header in bytes."""


class Header(NamedTuple):
    """A member: its full name, its type as in the header, and the place of its data.

    `kind` is REGULAR for all types of regular files, and SPARSE for all types of sparse files.
    `target` is the name in a link.
    """

    name: str
    kind: str
    offset: int
    size: int
    target: str = ""


def read_headers(read: Read, size: int) -> Iterator[Header]:
    """Yield the headers of an archive of `size` bytes, in order.

    Extended headers are applied to the member that they describe. Raises TarFault for a damaged or
    truncated archive.
    """
    every: dict[str, str] = {}  # fields of all members that follow
    one: dict[str, str] = {}  # fields of the next member
    at = 0
    while (block := _next_block(read, at)) is not None:
        kind = chr(block[156])
        if kind in _LONG or kind in _PAX:
            length = _number(block[124:136], at)
            data = _extended(read, at, length)
            fields = {_LONG[kind]: _text(data)} if kind in _LONG else _pax_fields(data, at)
            (every if kind == "g" else one).update(fields)
            at += BLOCK + _padded(length)
            continue
        header, end = _member(read, block, at, every | one)
        if header.offset + header.size > size:
            left = max(0, size - header.offset)
            raise TarFault(
                f"byte {at:,}: {header.name!r} has {header.size:,} bytes, but the file has only"
                f" {left:,} more; {_UNTIL_END}"
            )
        yield header
        one, at = {}, end


def _next_block(read: Read, at: int) -> bytes | None:
    """Return the header block at an offset; None at the end of the archive. Raises TarFault."""
    block = read(at, BLOCK)
    if block == _ZEROS:
        _refuse_more(read, at)
        return None
    if len(block) < BLOCK:
        raise TarFault(
            f"byte {at:,}: the file ends here, without the two zero blocks that end an archive;"
            f" {_UNTIL_END} (append 1,024 zero bytes if all members are there)"
        )
    stored = _number(block[148:156], at)
    plain = sum(block[:148]) + 256 + sum(block[156:])
    if stored != plain and stored != _signed_sum(block):
        raise TarFault(f"byte {at:,}: this is not the header of a member (wrong checksum)")
    return block


def _signed_sum(block: bytes) -> int:
    """Return the checksum of a header as some old programs computed it, with signed bytes."""
    return sum(one - 256 if one > 127 else one for one in block[:148] + b" " * 8 + block[156:])


def _refuse_more(read: Read, at: int) -> None:
    """Raise TarFault if data follow the zero blocks: programs would ignore this second archive."""
    rest = read(at, _TRAILING)
    if rest.count(0) < len(rest):
        offset = at + len(rest) - len(rest.lstrip(b"\0"))
        raise TarFault(
            f"byte {offset:,}: further data follow the end of the archive at byte {at:,}, and"
            " WebDataset would ignore them; give the archives as separate files"
        )


def _member(read: Read, block: bytes, at: int, fields: dict[str, str]) -> tuple[Header, int]:
    """Return the member that a header block describes, and the offset of the next header.

    `fields` are those of extended headers.
    """
    kind = chr(block[156])
    name = fields.get("GNU.sparse.name") or fields.get("path") or _short_name(block)
    target = fields.get("linkpath") or _text(block[157:257])
    if "\0" in name:
        raise TarFault(f"byte {at:,}: the name of a member contains NUL")
    size = _pax_size(fields["size"], at) if "size" in fields else _number(block[124:136], at)
    start = at + BLOCK
    if kind == SPARSE:
        start = _after_sparse_map(read, block, at)
    if kind in ("\0", "7"):
        kind = FOLDER if kind == "\0" and name.endswith("/") else REGULAR
    size = 0 if kind in _NO_DATA else size
    end = start + _padded(size)
    if any(field.startswith("GNU.sparse.") for field in fields):
        kind = SPARSE
    return Header(name, kind, start, size, target), end


def _short_name(block: bytes) -> str:
    name = _text(block[:100])
    # In GNU tar's format, which has another mark, these bytes hold times.
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _after_sparse_map(read: Read, block: bytes, at: int) -> int:
    """Return the offset of the data of a sparse file in GNU tar's old format."""
    start, continues = at + BLOCK, block[_SPARSE_FLAG]
    while continues:
        block = read(start, BLOCK)
        if len(block) < BLOCK:
            raise TarFault(f"byte {at:,}: the map of a sparse file is cut off; {_UNTIL_END}")
        start, continues = start + BLOCK, block[_MORE_FLAG]
    return start


def _extended(read: Read, at: int, length: int) -> bytes:
    if length > _MOST_EXTENDED:
        raise TarFault(
            f"byte {at:,}: an extended header of {length:,} bytes exceeds the limit of"
            f" {_MOST_EXTENDED:,}"
        )
    data = read(at + BLOCK, length)
    if len(data) < length:
        raise TarFault(f"byte {at:,}: an extended header is cut off; {_UNTIL_END}")
    return data


def _pax_fields(data: bytes, at: int) -> dict[str, str]:
    """Return the fields in a pax header, which are records `LENGTH NAME=VALUE` and a line feed."""
    fields: dict[str, str] = {}
    start = 0
    while start < len(data):
        space = data.find(b" ", start, start + 8)
        digits = data[start:space] if space > 0 else b""
        end = start + int(digits) if digits.isdigit() else start
        record = data[space + 1 : end]
        if not record.endswith(b"\n") or end > len(data):
            raise TarFault(f"byte {at:,}: the extended header is damaged")
        name, _, value = record[:-1].partition(b"=")
        fields[_decoded(name)] = _decoded(value)
        start = end
    return fields


def _pax_size(text: str, at: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise TarFault(f"byte {at:,}: the size {text[:20]!r} of a member is not a number")
    return int(text)


def _number(field: bytes, at: int) -> int:
    """Return the number in a field: octal digits, or binary after a byte 0x80 (GNU tar)."""
    if field[0] == 0x80:
        value = int.from_bytes(field[1:], "big")
    else:
        digits = field.partition(b"\0")[0].strip(b" ")
        value = -1 if digits.strip(b"01234567") else int(digits or b"0", 8)
    if not 0 <= value < 1 << 62:
        raise TarFault(f"byte {at:,}: this is not the header of a member (a number is invalid)")
    return value


def _text(field: bytes) -> str:
    return _decoded(field.partition(b"\0")[0])


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
