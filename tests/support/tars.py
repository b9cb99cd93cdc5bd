"""Tar archives of samples, written by Python's tarfile."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

Members = Iterable[tuple[str, bytes]]  # name, data

FORMATS = {
    "ustar": tarfile.USTAR_FORMAT,
    "GNU": tarfile.GNU_FORMAT,
    "pax": tarfile.PAX_FORMAT,
}


def tar_bytes(members: Members, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """Return an archive with regular files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, data in members:
            add_member(archive, name, data)
    return stream.getvalue()


def add_member(archive: tarfile.TarFile, name: str, data: bytes = b"", **fields: object) -> None:
    """Add a member to an open archive; `fields` are attributes of its TarInfo."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for field, value in fields.items():
        setattr(member, field, value)
    archive.addfile(member, io.BytesIO(data))


def write_tar(path: Path, members: Members, form: int = tarfile.USTAR_FORMAT) -> Path:
    """Write an archive with regular files, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tar_bytes(members, form))
    return path
