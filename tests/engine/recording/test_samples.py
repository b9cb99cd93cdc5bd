"""Sample tables: every data set comes back from its table, with the bytes of its media."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmbench import media
from mmbench.columns import column
from mmbench.datasets import RetrievalData, Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.recording import samples as recording
from mmbench.engine.recording import stored_media
from mmbench.engine.recording.samples import sample_table
from mmbench.errors import DataError, SampleError
from mmbench.media.inside import ByteRanges, MediaInFile
from mmbench.spec import load_task
from mmbench.storage import content_keys
from mmbench.storage.content_keys import ContentKeys, cache_folder
from mmbench.storage.folders import Folder
from mmbench.storage.media_places import media_place, read_place
from mmbench.storage.sample_tables import (
    SampleTable,
    read_sample_table,
    table_name,
    write_sample_table,
)
from mmbench.types import InvalidContent, Media, MediaPlace, PlaceInFile, Sample
from tests.support.files import write_file
from tests.support.layouts import classification, retrieval
from tests.support.layouts.classification import prompts_package
from tests.support.media.images import png, save_image

LAYOUTS = classification.LAYOUTS | retrieval.LAYOUTS
DATA_HASH = "0" * 32


@pytest.fixture(autouse=True)
def _prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts_package(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


def stored(data: Any, board: Path) -> SampleTable:
    """Write the table of a data set to a board, and read it."""
    folder = Folder(board)
    write_sample_table(folder, table_name("t", DATA_HASH), sample_table(data))
    found = read_sample_table(folder, "t", DATA_HASH)
    assert found is not None
    return found


@pytest.mark.parametrize("task", sorted(LAYOUTS))
def test_each_sample_comes_back_with_the_bytes_of_its_media(task: str, tmp_path: Path) -> None:
    LAYOUTS[task](tmp_path / "data")
    data = load_data(load_task(task), tmp_path / "data")
    table = stored(data, tmp_path / "board")
    assert table.labels == list(getattr(data, "labels", []))
    for role, samples in data.by_role().items():
        assert table.ids(role) == list(column(samples, "id"))
        for sample in samples:
            found = table.get(role, sample.id)
            assert found is not None
            texts = {name: one for name, one in sample.inputs.items() if isinstance(one, str)}
            assert (found.texts, found.tags, found.group) == (texts, sample.tags, sample.group)
            places = {n: one for n, one in sample.inputs.items() if isinstance(one, Media)}
            assert found.media.keys() == places.keys()
            for name, medium in places.items():
                refuse_other_bytes(found.media[name], medium)
    if isinstance(data, RetrievalData):
        relevant = {q.id: data.positives(q) for q in data.queries}
        assert {q: table.get("query", q).relevant for q in relevant} == relevant  # type: ignore[union-attr]


def refuse_other_bytes(place: MediaPlace, medium: Media) -> None:
    """Fail unless the place has the bytes of the item, or both cannot be read."""
    assert place.modality == medium.modality
    try:
        expected = media.read_bytes(medium)
    except SampleError:
        with pytest.raises(SampleError):
            read_place(place)
    else:
        assert read_place(place) == expected


@pytest.mark.parametrize("kind", ["binary", "struct"])
def test_a_medium_in_a_parquet_file_is_read_from_its_row(kind: str, tmp_path: Path) -> None:
    images = [png(colour) for colour in range(7)]
    cells: Any = images if kind == "binary" else [{"bytes": i, "path": "x"} for i in images]
    pq.write_table(pa.table({"image": cells}), tmp_path / "a.parquet", row_group_size=3)
    for row, image in enumerate(images):
        inside = PlaceInFile(column="image", row=row)
        place = MediaPlace("image", "a", path=str(tmp_path / "a.parquet"), inside=inside)
        assert read_place(place) == image
    for inside in (PlaceInFile(column="image", row=7), PlaceInFile(column="other", row=0)):
        with pytest.raises(SampleError, match="no row"):
            read_place(MediaPlace("image", "a", path=str(tmp_path / "a.parquet"), inside=inside))


def test_a_range_beyond_the_end_of_its_file_is_an_error(tmp_path: Path) -> None:
    file = write_file(tmp_path / "a.bin", b"0123456789")
    ranges = ByteRanges(file, np.array([2]), np.array([5]))
    place = media_place(Media("image", "a", MediaInFile(ranges, 0)))
    assert read_place(place) == b"23456"
    file.write_bytes(b"012")
    with pytest.raises(SampleError, match="shorter"):
        read_place(place)


def test_a_web_address_is_kept_and_never_loaded() -> None:
    place = media_place(Media("video", "https://example.org/a.mp4"))
    assert (place.url, place.path) == ("https://example.org/a.mp4", "")
    with pytest.raises(SampleError, match="on the web"):
        read_place(place)


def test_media_of_a_source_are_stored_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_media, "_MOST", 25)
    made = [
        Sample(str(i), {"audio": Media("audio", f"m{i}", partial(bytes, 10))}) for i in range(4)
    ]
    table = stored(Samples(made), tmp_path)
    places = [table.get("sample", str(i)).media["audio"] for i in range(4)]  # type: ignore[union-attr]
    assert [place.data is not None for place in places] == [True, True, False, False]
    with pytest.raises(SampleError, match="not stored"):
        read_place(places[3])


def test_mixed_inputs_and_odd_texts(tmp_path: Path) -> None:
    image = save_image(tmp_path / "a.png")
    samples = [
        Sample(
            "a", {"image": Media("image", str(image)), "text": "\ud800 lone"}, target=["x", "y"]
        ),
        Sample("b", {"image": InvalidContent("gone", "b.png")}, target=None, tags={"k": "v"}),
        Sample("c", {"text": "", "extra": "only here"}, target={"answer": "A", "options": ["1"]}),
    ]
    table = stored(Samples(samples), tmp_path)
    first, second, third = (table.get("sample", ident) for ident in "abc")
    assert first is not None and second is not None and third is not None
    assert first.media["image"].path == str(image)
    assert first.texts == {"text": "\\ud800 lone"}
    assert (second.texts, second.media, second.tags) == ({}, {}, {"k": "v"})
    assert third.texts == {"text": "", "extra": "only here"}
    assert [one.target for one in (first, second, third)] == [
        ["x", "y"],
        None,
        {"answer": "A", "options": ["1"]},
    ]
    assert table.get("sample", "d") is None and table.get("query", "a") is None


def test_ids_without_contents_are_left_out(tmp_path: Path) -> None:
    data = RetrievalData([Sample("q", {"text": "x"})], [Sample("d", {})], {"q": {"d": 1.0}})
    table = stored(data, tmp_path)
    assert (table.ids("query"), table.ids("corpus")) == (["q"], [])


def test_the_key_is_stored_only_if_it_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_keys, "_CLOCK_NS", 0)  # the file is newer than two seconds
    image = Media("image", str(save_image(tmp_path / "a.png")))
    data = Samples([Sample("a", {"image": image})])
    before = sample_table(data).get("sample", "a")
    with ContentKeys(cache_folder()) as keys:
        key = keys.key(image)
    after = sample_table(data).get("sample", "a")
    assert before is not None and after is not None
    assert (before.media["image"].key, after.media["image"].key) == ("", key.hex())


def test_a_table_is_written_once_and_again_from_another_place(tmp_path: Path) -> None:
    def data(path: str) -> Samples:
        return Samples([Sample("a", {"text": "x"})], source={"path": path})

    stored(data("here"), tmp_path)
    file = tmp_path / table_name("t", DATA_HASH)
    before = file.stat().st_ino
    stored(data("here"), tmp_path)
    assert file.stat().st_ino == before
    assert stored(data("there"), tmp_path).source == {"path": "there"}
    file.write_bytes(b"torn")
    assert stored(data("there"), tmp_path).ids("sample") == ["a"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no parquet", "not a table of samples"),
        (pa.table({"role": ["sample"]}), "not a table of samples"),
        (pa.table({name: [1] for name in recording._COLUMNS}), "values of type int64"),
    ],
)
def test_a_file_that_is_no_table_is_one_line(tmp_path: Path, content: Any, words: str) -> None:
    file = write_file(tmp_path / table_name("t", DATA_HASH))
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        pq.write_table(content, file)
    with pytest.raises(DataError, match=words) as caught:
        read_sample_table(Folder(tmp_path), "t", DATA_HASH)
    assert "\n" not in str(caught.value)


def test_a_row_that_is_no_json_names_the_sample(tmp_path: Path) -> None:
    columns = {name: ["sample"] for name in recording._COLUMNS}
    pq.write_table(pa.table(columns), write_file(tmp_path / table_name("t", DATA_HASH)))
    table = read_sample_table(Folder(tmp_path), "t", DATA_HASH)
    assert table is not None
    with pytest.raises(DataError, match="sample sample"):
        table.get("sample", "sample")


def test_the_table_of_a_record_that_is_given_by_its_path(tmp_path: Path) -> None:
    columns = {name: [None] for name in recording._COLUMNS}
    pq.write_table(pa.table(columns), write_file(tmp_path / table_name("t", DATA_HASH)))
    for folder in (tmp_path, tmp_path / "runs/t"):
        table = read_sample_table(Folder(folder), "t", DATA_HASH)
        assert table is not None and len(table) == 1


def test_a_board_without_a_table_and_a_hash_that_leads_elsewhere(tmp_path: Path) -> None:
    assert read_sample_table(Folder(tmp_path), "t", DATA_HASH) is None
    write_file(tmp_path / "runs/t/data-x/secret.parquet", b"x")
    assert read_sample_table(Folder(tmp_path), "t", "x/secret") is None
