"""img2dataset's output: samples that could not be downloaded are failed samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmbench.data.mapping.pairs import pair_columns, pairs_from_rows
from mmbench.data.readers.tars.rows import tar_rows
from mmbench.data.sources.captions import captions
from mmbench.errors import DataError, SampleError
from mmbench.media import read_bytes
from mmbench.storage.content_keys import ContentKeys, cache_folder
from mmbench.storage.media_places import media_place
from tests.support.tars import write_tar

SCHEMA = pa.schema(
    [
        *(
            pa.field(name, pa.string())
            for name in ("url", "caption", "key", "status", "error_message")
        ),
        *(pa.field(name, pa.int32()) for name in ("width", "height")),
    ]
)
OUTCOMES: list[tuple[str, str | None]] = [
    ("success", None),
    ("failed_to_download", "HTTP Error 404: Not Found"),
    ("success", None),
    ("failed_to_resize", "Image decoding\nerror \x1b[31m"),
]


def _image(at: int) -> bytes:
    return b"image %d" % at


def write_shard(
    folder: Path,
    shard: int,
    missing: tuple[int, ...] = (),
    image: Callable[[int], bytes] = _image,
) -> list[dict[str, Any]]:
    """Write an archive and its table as img2dataset does, without the samples `missing`."""
    rows, members = [], []
    for at, (status, message) in enumerate(OUTCOMES):
        row = {
            "url": f"http://x/{at}", "caption": f"caption {shard} {at}\nof two lines",
            "key": f"{shard:05}{at:04}", "status": status, "error_message": message,
            "width": 8 if message is None else None, "height": 8 if message is None else None,
        }  # fmt: skip
        rows.append(row)
        if message is None and at not in missing:
            data = json.dumps(row, indent=4).encode()
            texts = (("jpg", image(at)), ("json", data), ("txt", row["caption"].encode()))
            members += [(f"{row['key']}.{ending}", content) for ending, content in texts]
    write_tar(folder / f"{shard:05}.tar", members)
    pq.write_table(pa.Table.from_pylist(rows[::-1], SCHEMA), folder / f"{shard:05}.parquet")
    (folder / f"{shard:05}_stats.json").write_text("{}")
    return rows


def test_failed_downloads_are_rows_with_their_reason(tmp_path: Path) -> None:
    rows_by_key = {row["key"]: row for n in range(2) for row in write_shard(tmp_path, n)}
    rows = tar_rows(tmp_path)
    keys = list(rows.column("key"))
    assert keys == [
        *("000000000", "000000002", "000000001", "000000003"),
        *("000010000", "000010002", "000010001", "000010003"),
    ]
    for name in ("url", "caption", "status", "error_message", "width"):
        assert list(rows.column(name)) == [rows_by_key[key][name] for key in keys]
    assert list(rows.column("txt")) == [rows_by_key[key]["caption"] for key in keys]
    media: list[Any] = list(rows.media("jpg", "image"))
    assert [read_bytes(media[at]) for at in (0, 1, 4, 5)] == [b"image 0", b"image 2"] * 2
    with ContentKeys(cache_folder()) as content_keys:
        _, failures = content_keys.keys(media)
    resize = "failed_to_resize: Image decoding error \ufffd[31m"
    assert failures == {
        at: f"{keys[at]} in {tmp_path}/0000{at // 4}.tar: cannot be read: {reason}"
        for at, reason in {
            2: "failed_to_download: HTTP Error 404: Not Found", 3: resize,
            6: "failed_to_download: HTTP Error 404: Not Found", 7: resize,
        }.items()
    }  # fmt: skip
    assert media_place(media[2]).path == ""


def test_a_sample_without_a_caption_has_no_text(tmp_path: Path) -> None:
    fields = {"key": "0", "caption": None, "status": "success", "error_message": None}
    write_tar(tmp_path / "0.tar", [("0.json", json.dumps(fields).encode()), ("0.txt", b"")])
    pq.write_table(pa.Table.from_pylist([fields]), tmp_path / "0.parquet")
    rows = tar_rows(tmp_path)
    assert list(rows.column("txt")) == list(rows.column("caption")) == [None]


def test_pairs_keep_failed_images_in_the_corpus(tmp_path: Path) -> None:
    write_shard(tmp_path, 0)
    rows = tar_rows(tmp_path)
    data = pairs_from_rows(
        rows, pair_columns({"image": "jpg", "text": "txt", "image_id": "key"}, rows)
    )
    assert [document.id for document in data.corpus] == list(rows.column("key"))
    assert len(data.queries) == 4


def test_a_success_that_the_archive_lacks_fails(tmp_path: Path) -> None:
    write_shard(tmp_path, 0, missing=(2,))
    rows = tar_rows(tmp_path / "00000.tar")
    media: Any = dict(zip(rows.column("key"), rows.media("jpg", "image"), strict=True))
    with pytest.raises(SampleError, match=r"00000.parquet lists it, but the archive does not"):
        read_bytes(media["000000002"])


def test_an_archive_without_its_table_is_an_unfinished_download(tmp_path: Path) -> None:
    for shard in range(2):
        write_shard(tmp_path, shard)
    (tmp_path / "00001.parquet").unlink()
    with pytest.raises(DataError, match=r"but not 00001.tar; finish the download"):
        tar_rows(tmp_path)


def test_a_damaged_table_is_an_error_and_another_table_is_ignored(tmp_path: Path) -> None:
    write_shard(tmp_path, 0)
    (tmp_path / "00000.parquet").write_bytes(b"PAR1junk")
    with pytest.raises(DataError, match=r"00000.parquet cannot be read"):
        tar_rows(tmp_path)
    pq.write_table(pa.table({"key": ["x"]}), tmp_path / "00000.parquet")
    assert tar_rows(tmp_path).total == 2


def test_captions_of_a_folder_with_statistics(tmp_path: Path) -> None:
    rows_by_key = {row["key"]: row for n in range(2) for row in write_shard(tmp_path, n)}
    samples = captions(tmp_path).samples
    assert {s.id: s.target for s in samples} == {k: [r["caption"]] for k, r in rows_by_key.items()}
    images = {sample.id: sample.inputs["image"] for sample in samples}
    assert read_bytes(images["000010002"]) == b"image 2"
    with pytest.raises(SampleError, match="HTTP Error 404"):
        read_bytes(images["000010001"])
