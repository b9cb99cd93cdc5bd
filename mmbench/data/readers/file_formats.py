"""Short descriptions of the format of a file or folder, for messages about unexpected data."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mmbench.data.readers.folders import entries
from mmbench.text import listed, plain
from mmbench.validation.regular_files import open_regular

_HEAD = 1 << 16  # bytes that are read
_SHOWN = 8  # columns or keys
_MAGIC = {
    b"\x1f\x8b": "compressed by gzip",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"PK\3\4": "a ZIP archive",  # spreadsheets too
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "HDF5",
    b"SQLite format 3": "an SQLite database",
    b"%PDF": "a PDF",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF image",
    b"RIFF": "a RIFF file (WAV, AVI, WebP)",
    b"fLaC": "a FLAC audio file",
    b"OggS": "an Ogg audio file",
    b"ID3": "an MP3 audio file",
}
TAR = "a tar archive"
_PACKED = ("compressed by", "a ZIP archive")
_SEPARATORS = {"\t": "TSV", ",": "CSV", ";": "CSV (with semicolons)"}
TABLES = ("CSV", "TSV", "JSON lines", "a JSON list", "Parquet")


def describe(path: Path) -> str:
    """Return the format of a file or folder, such as "CSV with the columns image, text".

    Return "" if the file cannot be read. At most the first 64 KiB of a file are read.
    """
    try:
        if path.is_dir():
            return _describe_folder(path)
        with open_regular(path) as file:
            return describe_bytes(file.read(_HEAD))
    except (OSError, tarfile.TarError):
        return ""


def describe_bytes(data: bytes) -> str:
    """Return the format of a file, given its first bytes."""
    head = data[:_HEAD]
    if not head.strip():
        return "empty"
    magic = next((text for start, text in _MAGIC.items() if head.startswith(start)), "")
    if magic or head[257:262] == b"ustar":
        return magic or TAR
    if b"\0" in head:
        return "binary"
    return _describe_text(head.decode("utf-8-sig", "replace"))


def is_packed(text: str) -> bool:
    """Return whether a description (`describe`) says that a file is an archive to unpack first."""
    return text.startswith(_PACKED)


def is_table(text: str) -> bool:
    """Return whether a description (`describe`) says that a file has rows."""
    return text.startswith(TABLES)


def is_json(text: str) -> bool:
    """Return whether a description (`describe`) says that a file is JSON or JSON lines."""
    return text.startswith(("JSON", "a JSON"))


def is_text(text: str) -> bool:
    """Return whether a description (`describe`) says that a file is text lines without columns."""
    return text.startswith(("TREC", "lines", "text"))


def is_webdataset(text: str) -> bool:
    """Return whether a description (`describe`) says that a folder holds WebDataset archives."""
    return text.startswith("WebDataset")


def _describe_text(text: str) -> str:
    start = text.lstrip()
    if start[:1] in ("{", "["):
        return _describe_json(start)
    if start[:9].lower() == "<!doctype" or start[:5].lower() == "<html":
        return "an HTML page"
    whole = start.splitlines()[: None if len(text) < _HEAD - 3 else -1] or [start]
    lines = [line for line in whole[:20] if line.strip()]
    cells = [line.split() for line in lines]
    if all(len(row) == 6 and row[1] == "Q0" for row in cells):
        return "a TREC run"
    if all(len(row) == 4 and row[1] in ("0", "Q0") for row in cells):
        return "TREC qrels"
    for separator, name in _SEPARATORS.items():
        columns = lines[0].count(separator)
        if columns and (len(lines) == 1 or lines[1].count(separator) >= columns):
            return f"{name} with the columns {_names(lines[0].split(separator))}"
    if all(line.rstrip().endswith(")") and "(" in line for line in lines):
        return "lines `text (id)`"
    return f"text that begins with {plain(lines[0], 40)!r}"


def _describe_json(text: str) -> str:
    """Return the format of JSON, given the beginning of the text, which may end anywhere."""
    first, end = _decoded(text.removeprefix("[").lstrip())
    if text.startswith("["):
        inside = f" of objects with {_names(first)}" if isinstance(first, dict) else ""
        return f"a JSON list{inside}"
    if not isinstance(first, dict):
        return "a JSON object"
    several = text[end:].lstrip().startswith("{")
    return f"{'JSON lines' if several else 'a JSON object'} with {_names(first)}"


def _decoded(text: str) -> tuple[object, int]:
    try:
        return json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None, 0


def _names(names: Iterable[object]) -> str:
    stripped = [str(name).strip().strip('"') for name in names]
    return listed(stripped, _SHOWN) or "nothing in it"


def _describe_folder(folder: Path) -> str:
    tars = [path for path in entries(folder) if path.suffix == ".tar"]
    if tars:
        return f"WebDataset: {_describe_tar(tars[0])}"
    kinds = Counter(path.suffix.lower() or path.name for path in entries(folder) if path.is_file())
    folders = [f"{path.name}/" for path in entries(folder) if path.is_dir()]
    files = [f"{n} {ending}" for ending, n in kinds.most_common(4)]
    return f"a folder with {listed([*files, *folders], _SHOWN) or 'nothing in it'}"


def _describe_tar(path: Path) -> str:
    """Return a description of one WebDataset sample in a tar archive: its key and its members.

    A key is a file's path up to the first dot in the file name; the files with one key are the
    members of a sample. The described sample is the first one whose members have other extensions
    than those of the archive's first sample; if there is none, it is the first sample.
    """
    members: dict[str, list[str]] = {}
    with open_regular(path) as file, tarfile.open(fileobj=file) as archive:
        for member in archive:
            if member.isfile():
                name = PurePosixPath(member.name)
                key, _, ending = name.name.partition(".")
                members.setdefault(str(name.with_name(key)), []).append(ending)
    if not members:
        return f"{path.name} is empty"
    first = next(iter(members))
    odd = next((key for key, ends in members.items() if {*ends} != {*members[first]}), first)
    usual = f", but {first!r} has {listed(members[first])}" if odd != first else ""
    return (
        f"in {path.name} the key {odd!r} has the members {listed(members[odd])}{usual}"
        " (a key ends at the first dot of a file's name)"
    )
