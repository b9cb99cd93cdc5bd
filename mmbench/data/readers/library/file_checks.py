"""Loading through the datasets library, with a check of each file before the library reads it.

The library's JSON reader crashes the process on deeply nested values, and a compressed file may
fill the memory. The files cannot be checked in advance, because only the library determines which
files it reads: a README can name any file, archives contain files, and files from the hub have to
be downloaded first.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from mmbench.data.readers.file_bytes import wide_encoding
from mmbench.data.readers.file_formats import describe_bytes, is_json
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.library.names import library_name
from mmbench.data.readers.library.splits import chosen_split
from mmbench.errors import DataError, UserError
from mmbench.validation.inflation import check_parquet, refuse_inflation
from mmbench.validation.regular_files import open_regular
from mmbench.validation.safe_parse import TooDeep, refuse_deep_lines

if TYPE_CHECKING:
    from datasets import Dataset, DatasetBuilder, DownloadManager

_HEAD = 1 << 16  # bytes of a file that are read to detect its format
_CHUNK = 1 << 20
_JSON = (".json", ".jsonl", ".ndjson")
_TABLES = (*_JSON, ".csv", ".parquet")
# The first bytes of compressed files, and the name of the compression in fsspec.
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "xz"}
_PACKED |= {b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4"}
_PACKED_NAMES = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip")


def load_checked(path: str, name: str | None, split: str | None, **options: object) -> Dataset:
    """Load a split with `load_dataset_builder`, and check each file. Raises DataError.

    `path`, `name`, `split` and `options` are the arguments of `datasets.load_dataset`; if `split`
    is None, the split is that of `chosen_split`. Files are
    checked before the library first reads them; later runs use the library's cache.
    """
    from datasets import load_dataset_builder

    builder = load_dataset_builder(path, name, **options)
    builder.download_and_prepare(dl_manager=_checking_manager(builder))
    return split_of(builder, split, path)


def split_of(builder: DatasetBuilder, split: str | None, place: str) -> Dataset:
    """Return a split of prepared data; `place` names them in errors. Raises DataError."""
    return builder.as_dataset(split=split or chosen_split(builder.info.splits, None, place))


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Convert any error of the datasets library about unreadable data to a DataError of one line.

    `what` is the name of the data in the message.
    """
    from datasets.exceptions import DatasetBuildError, DatasetsError

    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        # DatasetBuildError itself only says that building the data set failed.
        cause = error.__cause__ if isinstance(error, DatasetBuildError) else None
        cause = cause or error
        if isinstance(cause, UserError):
            raise cause from error
        reason = " ".join(str(cause).split())
        if "corresponds to no data" in reason:
            raise DataError(f"{what}: no rows") from error
        if not isinstance(cause, OSError | ValueError | DatasetsError):
            reason = f"{type(cause).__name__}: {reason}"
        raise DataError(f"{what} cannot be read: {reason}") from error


def _checking_manager(builder: DatasetBuilder) -> DownloadManager:
    """Return a download manager for the datasets library that checks each file."""
    from datasets import DownloadConfig, DownloadManager

    as_json = isinstance(builder, library_name("Json"))

    class Checking(DownloadManager):  # type: ignore[misc]
        def download(self, url_or_urls: object) -> object:
            seen = set(self.downloaded_paths)
            paths = super().download(url_or_urls)
            for origin, file in self.downloaded_paths.items():
                if origin not in seen:
                    _check(Path(file), str(origin), as_json)
            return paths

    settings = DownloadConfig(
        cache_dir=library_name("DOWNLOADED_DATASETS_PATH"),
        use_etag=False,
        token=builder.token,
        storage_options=builder.storage_options,
    )
    return Checking(builder.dataset_name, builder.config.data_dir, settings, builder.base_path)


def _check(file: Path, origin: str, as_json: bool) -> None:
    """Check a file before the datasets library reads it.

    `file` may be a download with another name; `origin` is its original name. With `as_json`, the
    library will read the file as JSON. Raises DataError if reading it would crash the process or
    fill the memory, and if it has a wrong format.
    """
    suffixes = [suffix.lower() for suffix in PurePosixPath(origin).suffixes]
    if not (as_json or {*suffixes[-1:]} & {*_TABLES, *_PACKED_NAMES}):
        return
    with readable(origin):
        with open_regular(file) as stream:
            head = stream.read(_HEAD)
        if zipfile.is_zipfile(file):
            _check_archive(file, origin, as_json)
        elif packing := next((p for m, p in _PACKED.items() if head.startswith(m)), ""):
            _check_packed(file, packing, origin, as_json or bool({*suffixes} & {*_JSON}))
        elif suffixes[-1:] == [".parquet"]:
            check_parquet(file)
        elif as_json or {*suffixes[-1:]} & {*_JSON, ".csv"}:
            is_csv = suffixes[-1:] == [".csv"]
            _refuse_format(head, origin, "CSV" if is_csv else "JSON")
            if not is_csv:
                with open_regular(file) as stream:
                    _check_json(stream, origin)


def _refuse_format(head: bytes, where: str, needed: str) -> None:
    """Raise DataError for text in UTF-16 or UTF-32, and for data in another format than `needed`.

    `head` is the beginning of the file, `where` its name for the message.
    """
    encoding = wide_encoding(head)
    if encoding:
        raise DataError(f"{where} is {encoding.upper()}; save it as UTF-8")
    format_found = describe_bytes(head)
    if format_found == "empty" or not (needed == "CSV" or is_json(format_found)):
        raise DataError(f"{where} is {format_found}; give {needed}")


def _check_json(stream: IO[bytes], where: str) -> None:
    try:
        refuse_deep_lines(stream)
    except TooDeep as error:
        raise DataError(f"{where}: {error}") from error


def _check_packed(file: Path, packing: str, origin: str, as_json: bool) -> None:
    from fsspec.compression import compr

    if packing not in compr:
        return  # the library cannot read the file either; its error says what is missing

    def unpacked() -> IO[bytes]:
        stream: IO[bytes] = compr[packing](open_regular(file), mode="rb")
        return stream

    with unpacked() as stream:
        _refuse_inflated(stream, file, origin)
    if as_json:
        with unpacked() as stream:
            _check_json(stream, origin)


def _refuse_inflated(stream: IO[bytes], file: Path, origin: str) -> None:
    expanded, stored = 0, file.stat().st_size
    while chunk := stream.read(_CHUNK):
        expanded += len(chunk)
        refuse_inflation(stored, expanded, Path(origin), "the file")


def _check_archive(file: Path, origin: str, as_json: bool) -> None:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            what = f"member {member.filename}"
            refuse_inflation(member.compress_size, member.file_size, Path(origin), what)
            if as_json or member.filename.lower().endswith(_JSON):
                with archive.open(member) as stream:
                    _check_json(stream, f"{origin}: {what}")


def refuse_broken_lines(files: Iterable[Path]) -> None:
    """Raise DataError, with file and line, for the first invalid line of JSONL files.

    Files in UTF-16 and UTF-32 are not checked.
    """
    for file in files:
        if file.suffix.lower() in (".jsonl", ".ndjson"):
            with open_regular(file) as lines:
                for number, line in enumerate(lines, start=1):
                    if number == 1 and wide_encoding(line):
                        break
                    if line.strip():
                        decode_json(line.rstrip(b"\n"), dict[str, object], file, line=number)
