"""Media inside files: where they lie, and their keys, which are computed in one pass each file."""

from __future__ import annotations

import io
import os
import random
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmbench.data.published.cifar import cifar
from mmbench.data.readers.arrow_columns import media_by_row
from mmbench.data.readers.parquet_files import ParquetColumn
from mmbench.data.sources.row_samples import rows
from mmbench.data.sources.text_media_pairs import hf, table
from mmbench.errors import DataError, SampleError
from mmbench.media import read_bytes
from mmbench.media.inside import ByteRanges, MediaInFile
from mmbench.storage.content_keys import ContentKeys, cache_folder, digest
from mmbench.types import Media
from tests.support.errors import one_line_error

N = 300
IMAGES = [random.Random(n).randbytes(50 + n) for n in range(N)]


@pytest.fixture(autouse=True)
def _settled(own_datasets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let digests of new files be remembered."""
    monkeypatch.setattr("mmbench.storage.content_keys._CLOCK_NS", -1)


def write_parquet(file: Path, images: list[Any], **options: Any) -> Path:
    texts = [f"text {n}" for n in range(len(images))]
    options = {"row_group_size": 70, **options}
    pq.write_table(pa.table({"image": images, "text": texts}), file, **options)
    return file


def write_tar(folder: Path, images: list[bytes]) -> Path:
    folder.mkdir()
    with tarfile.open(folder / "test-0.tar", "w") as archive:
        for n, image in enumerate(images):
            for name, data in ((f"{n:04}.jpg", image), (f"{n:04}.txt", f"text {n}".encode())):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return folder


def images_of(data: Any) -> list[Media]:
    samples = data.corpus if hasattr(data, "corpus") else data.samples
    return [sample.inputs["image"] for sample in samples]


def keys_of(media: list[Media]) -> list[bytes]:
    with ContentKeys(cache_folder()) as keys:
        return [keys.key(medium) for medium in media]


def naive(images: list[bytes]) -> list[bytes]:
    return [digest("image", digest(image)) for image in images]


def check(media: list[Media], images: list[bytes]) -> None:
    """Check keys and bytes, read in another order by several threads."""
    assert keys_of(media) == naive(images)
    pairs = list(zip(media, images, strict=True))
    random.Random(0).shuffle(pairs)
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(read_bytes, [medium for medium, _ in pairs]))
    assert read == [image for _, image in pairs]


CELLS = {
    "bytes": pa.binary(),
    "large bytes": pa.large_binary(),
    "views": pa.binary_view(),
    "dictionary": pa.dictionary(pa.int32(), pa.binary()),
    "struct": pa.struct({"bytes": pa.binary(), "path": pa.string()}),
}


@pytest.mark.parametrize("form", CELLS)
@pytest.mark.parametrize("codec", ["zstd", "snappy", "none"])
def test_parquet(tmp_path: Path, form: str, codec: str) -> None:
    cells = [{"bytes": b, "path": "x"} for b in IMAGES] if form == "struct" else IMAGES
    column = pa.array(cells, pa.binary() if form in ("views", "dictionary") else CELLS[form])
    column = column.cast(CELLS[form])
    data = table(write_parquet(tmp_path / "t.parquet", column, compression=codec))
    check(images_of(data), IMAGES)
    assert [document.id for document in data.corpus] == [digest(image).hex() for image in IMAGES]


@pytest.mark.parametrize("source", ["hf", "rows"])
@pytest.mark.parametrize("split", ["test", "test[10:250]"])
def test_tar_and_parquet_by_the_library(tmp_path: Path, source: str, split: str) -> None:
    tar = write_tar(tmp_path / "tar", IMAGES)
    file = write_parquet(tmp_path / "t.parquet", IMAGES)
    expected = IMAGES[10:250] if "[" in split else IMAGES
    for root, image, text in ((tar, "jpg", "txt"), (file, "image", "text")):
        if source == "hf":
            columns = {"image": image, "text": text}
            data: Any = hf(root, path="a/b", columns=columns, split=split)
        else:
            data = rows(root, path="a/b", columns={"image": image}, target=text, split=split)
        check(images_of(data), expected)


def test_several_arrow_files_and_rows_in_another_order(tmp_path: Path) -> None:
    whole = datasets.Dataset.from_dict({"image": IMAGES, "text": ["x"] * N})
    whole.save_to_disk(tmp_path / "d", num_shards=3)
    whole.shuffle(seed=1).save_to_disk(tmp_path / "shuffled")
    data = rows(tmp_path / "d", path="a/b", columns={"image": "image"}, target="text")
    check(images_of(data), IMAGES)
    files = {medium.read.file for medium in images_of(data) if isinstance(medium.read, MediaInFile)}
    assert [type(one) for one in files] == [ByteRanges] * 3
    mixed = datasets.load_from_disk(tmp_path / "shuffled")
    data = rows(tmp_path / "shuffled", path="a/b", columns={"image": "image"}, target="text")
    check(images_of(data), mixed["image"][:])
    part = media_by_row(whole.select([5, 3]), "image")  # in memory
    assert [part(0)(), part(1)()] == [IMAGES[5], IMAGES[3]]


def test_cifar(tmp_path: Path) -> None:
    records = [random.Random(n).randbytes(3072) for n in range(20)]
    (tmp_path / "batches.meta.txt").write_text("\n".join("abcdefghij"))
    file = tmp_path / "test_batch.bin"
    file.write_bytes(b"".join(bytes([n % 10]) + planes for n, planes in enumerate(records)))
    planar = [np.frombuffer(r, np.uint8).reshape(3, 1024).T.tobytes() for r in records]
    data = cifar(tmp_path)
    check(images_of(data), [b"P6 32 32 255\n" + pixels for pixels in planar])
    with file.open("r+b") as stream:
        stream.truncate(5000)
    with pytest.raises(SampleError, match=r"^image 3 of .*: cannot be read: .* was changed"):
        read_bytes(images_of(data)[3])


def cells_with_gaps() -> list[bytes | None]:
    cells: list[bytes | None] = list(IMAGES)
    cells[5], cells[6], cells[100] = None, b"", b""
    return cells


@pytest.mark.parametrize("place", ["parquet", "tar"])
def test_what_is_empty_fails_alone(tmp_path: Path, place: str) -> None:
    cells = cells_with_gaps()
    for _ in range(2):  # computed, then remembered
        if place == "parquet":
            media = images_of(table(write_parquet(tmp_path / "t.parquet", cells)))
            assert len(media) == N - 1  # null is no image
            empty = [5, 99]
        else:
            folder = tmp_path / "tar"
            root = folder if folder.exists() else write_tar(folder, [c or b"" for c in cells])
            data = rows(root, path="a/b", columns={"image": "jpg"}, target="txt")
            media, empty = images_of(data), [5, 6, 100]
        failed = []
        with ContentKeys(cache_folder()) as keys:
            for number, medium in enumerate(media):
                try:
                    assert keys.key(medium) == digest("image", digest(read_bytes(medium)))
                except SampleError as error:
                    assert str(error) == f"{medium.name} is empty (0 bytes)"
                    failed.append(number)
        assert failed == empty


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The passes over files of media since the test began."""
    made: list[object] = []
    for kind in (ParquetColumn, ByteRanges):
        each = kind.each

        def counted(self: Any, each: Any = each) -> Iterator[bytes | None]:
            made.append(self)
            return each(self)  # type: ignore[no-any-return]

        monkeypatch.setattr(kind, "each", counted)
    return made


def load(place: str, folder: Path) -> list[Media]:
    if place == "parquet":
        return images_of(table(folder / "t.parquet"))
    return images_of(rows(folder / "tar", path="a/b", columns={"image": "jpg"}, target="txt"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write_parquet(tmp_path / "t.parquet", IMAGES)
    write_tar(tmp_path / "tar", IMAGES)
    return tmp_path


@pytest.mark.parametrize("place", ["parquet", "tar"])
def test_a_second_run_reads_nothing(place: str, files: Path, passes: list[object]) -> None:
    for _ in range(3):
        assert keys_of(load(place, files)) == naive(IMAGES)
    assert len(passes) == 1


def test_a_file_that_changed_is_read_again(files: Path, passes: list[object]) -> None:
    keys_of(load("parquet", files))
    file, others = files / "t.parquet", [bytes(len(image)) for image in IMAGES]
    times = file.stat()
    write_parquet(file, others)
    os.truncate(file, max(times.st_size, file.stat().st_size))
    write_parquet(file, others)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert keys_of(load("parquet", files)) == [*dict.fromkeys(naive(others))]
    assert len(passes) == 2


DAMAGES: dict[str, Callable[[bytes], object]] = {
    "torn": lambda digests: digests[:700],
    "no multiple of a digest": lambda digests: digests + b"x",
    "changed": lambda digests: b"x" + digests[1:],
    "text": lambda _: "text",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_digests_count_as_absent(damage: str, files: Path, passes: list[object]) -> None:
    keys_of(load("parquet", files))
    database = sqlite3.connect(cache_folder() / "hashes.sqlite")
    ((digests,),) = database.execute("SELECT key FROM file_keys").fetchall()
    assert len(digests) == 16 * N
    database.execute("UPDATE file_keys SET key = ?", (DAMAGES[damage](digests),))
    database.commit()
    database.close()
    for _ in range(2):
        assert keys_of(load("parquet", files)) == naive(IMAGES)
    assert len(passes) == 2


RUN = """
import sys
from pathlib import Path
from mmbench.storage.content_keys import ContentKeys, cache_folder
from mmbench.data.sources.text_media_pairs import table
import mmbench.storage.content_keys
mmbench.storage.content_keys._CLOCK_NS = -1
data = table(Path(sys.argv[1]))
with ContentKeys(cache_folder()) as keys:
    print(*(keys.key(document.inputs["image"]).hex() for document in data.corpus))
"""


@pytest.mark.slow
def test_several_processes_at_once(files: Path, passes: list[object]) -> None:
    command = [sys.executable, "-c", RUN, str(files / "t.parquet")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {process.communicate()[0].strip() for process in running}
    assert said == {" ".join(key.hex() for key in naive(IMAGES))}
    assert keys_of(load("parquet", files)) == naive(IMAGES)
    assert not passes


def test_a_row_group_is_decoded_once(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = load("parquet", files)
    decoded: list[int] = []
    method = ParquetColumn._decoded

    def counted(self: ParquetColumn, group: int) -> Any:
        decoded.append(group)
        return method(self, group)

    monkeypatch.setattr(ParquetColumn, "_decoded", counted)
    check(media, IMAGES)
    assert sorted(decoded) == [0, 1, 2, 3, 4]
    # With room for one, groups take turns.
    monkeypatch.setattr("mmbench.data.readers.parquet_files._PUT_ASIDE", 0)
    media = load("parquet", files)
    assert [read_bytes(media[n]) for n in (0, 299, 1, 2)] == [IMAGES[n] for n in (0, 299, 1, 2)]
    assert decoded[5:] == [0, 4, 0]
    assert not list(cache_folder().glob("tmp*"))


@pytest.mark.parametrize("place", ["parquet", "tar"])
def test_a_file_that_was_cut_after_it_was_opened(place: str, files: Path) -> None:
    media = load(place, files)
    if place == "parquet":
        cut = files / "t.parquet"
    else:
        (cut,) = Path(datasets.config.HF_DATASETS_CACHE).rglob("*.arrow")
    os.truncate(cut, cut.stat().st_size // 2)
    with pytest.raises(SampleError, match=rf"of .*{place}.*: cannot be read: .* was changed"):
        read_bytes(media[200])


def test_a_damaged_page_is_one_line(files: Path) -> None:
    file = files / "t.parquet"
    content = bytearray(file.read_bytes())
    at = content.index(IMAGES[150])
    content[at - 4000 : at] = bytes(4000)
    file.write_bytes(content)
    with one_line_error(DataError, match=r"t\.parquet cannot be read: "):
        table(file)


def test_a_damaged_tar_is_one_line(files: Path) -> None:
    (file,) = (files / "tar").iterdir()
    os.truncate(file, 100_100)
    with one_line_error(DataError):
        load("tar", files)


GROWTH = """
import sys
from pathlib import Path
import numpy, pyarrow.compute, pyarrow.parquet
from mmbench.storage.content_keys import ContentKeys, cache_folder
from mmbench.data.readers.parquet_files import ParquetColumn

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))

file = Path(sys.argv[1])
before = anonymous()
images = ParquetColumn(file, "image", pyarrow.parquet.read_metadata(file))
with ContentKeys(cache_folder()) as keys:
    keys.digests_of(images)
for number in range(0, len(images), 7):
    images.read(number)
print((anonymous() - before) // 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_images(tmp_path: Path) -> None:
    """40 MB and 160 MB of images in row groups of 4 MB leave as much behind in memory."""
    kib = []
    for n in (400, 1600):
        file = write_parquet(
            tmp_path / f"{n}.parquet", [os.urandom(100_000) for _ in range(n)], row_group_size=40
        )
        command = [sys.executable, "-c", GROWTH, str(file)]
        kib.append(int(subprocess.check_output(command, text=True)))
    assert kib[1] - kib[0] < 20_000
