"""Manifests of fairseq: a TSV of paths, with the transcripts in a file next to it.

Formats: facebookresearch/fairseq examples/wav2vec/wav2vec_manifest.py (the TSV: a line with the
root folder, then lines `path<TAB>frames`) and libri_labels.py (.wrd: a line of words for each path;
.ltr: a line of letters, with spaces between them and | after each word).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mmbench.columns import are_distinct
from mmbench.data.mapping.find_media import find_media
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.records import refuse_duplicates
from mmbench.data.readers.table_files import text_lines
from mmbench.datasets import sample_columns
from mmbench.errors import DataError
from mmbench.text import count
from mmbench.types import Sample


def is_fairseq(data: bytes) -> bool:
    """Return whether the bytes of a TSV are a manifest of fairseq, judging by its first lines."""
    root, _, rest = data.partition(b"\n")
    path, tab, frames = rest.partition(b"\n")[0].strip().partition(b"\t")
    return bool(root.strip() and path and tab) and b"\t" not in root and frames.isdigit()


def fairseq(manifest: Path) -> Sequence[Sample]:
    """Load a manifest of fairseq with the transcripts in the .wrd, else the .ltr, next to it.

    An audio file is searched in the root folder of the manifest and next to the manifest. The id of
    a recording is the name of its file without the extension, or its path if names occur twice. The
    numbers of frames are not used. Raises DataError for data that cannot be read.
    """
    root, *lines = text_lines(read_file(manifest), manifest)
    paths = [_path(line, manifest, number) for number, line in enumerate(lines, 2) if line.strip()]
    names = [PurePosixPath(path).stem for path in paths]
    ids = names if are_distinct(names) else paths
    refuse_duplicates("path", ids, str(manifest))
    candidates = [[f"{root.strip()}/{path}", path] for path in paths]
    audio = find_media(candidates, manifest.parent, str(manifest), "audio")
    return sample_columns(ids, {"audio": audio}, targets=_transcripts(manifest, len(paths)))


def _path(line: str, manifest: Path, number: int) -> str:
    path, tab, frames = line.strip().rpartition("\t")
    if not path or not tab or not frames.isdigit():
        raise DataError(f"{manifest} line {number} is not `path<TAB>frames`, unlike the others")
    return path


def _transcripts(manifest: Path, n: int) -> list[str]:
    """Return the transcripts of n recordings. Raises DataError for another number of them."""
    files = [manifest.with_suffix(suffix) for suffix in (".wrd", ".ltr")]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise DataError(
            f"{manifest} is a manifest of fairseq, but its transcripts are missing; write them to"
            f" {files[0].name} or {files[1].name} next to it, one line for each path"
        )
    texts = text_lines(read_file(file), file)
    if len(texts) != n:
        raise DataError(
            f"{file} has {count(len(texts), 'line')}, but {manifest.name} has {count(n, 'path')};"
            " they need one line for each path, in the same order"
        )
    return texts if file.suffix == ".wrd" else list(map(_words, texts))


def _words(letters: str) -> str:
    return "".join(letters.split(" ")).replace("|", " ").strip()
