"""The sources of references read own data in every layout, with columns of any name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.data.sources.answers import answers
from mmbench.data.sources.captions import captions
from mmbench.data.sources.labels import labels
from mmbench.data.sources.transcripts import transcripts
from mmbench.datasets import Samples
from mmbench.errors import ColumnsNeeded, RepeatedIds
from mmbench.media import read_bytes
from mmbench.types import Media
from tests.support.files import write_file, write_lines
from tests.support.media.images import png

Source = Callable[..., Samples]
IMAGES = [png(1), png(2)]
# Source, the column that it needs, a known name of it, two cells, and their targets.
CASES: list[tuple[Source, str, str, list[str], list[object]]] = [
    (answers, "answer", "ground_truth", ["two", "red"], ["two", "red"]),
    (captions, "caption", "title", ["a cat", "a dog"], [["a cat"], ["a dog"]]),
    (labels, "label", "category", ["dog", "cat"], [1, 0]),
]
NAMES = [case[0].__name__ for case in CASES]


def columns(name: str, cells: list[str]) -> dict[str, list[Any]]:
    images = [{"bytes": data, "path": None} for data in IMAGES]
    return {"img": images, name: cells}


def parquet(folder: Path, name: str, cells: list[str]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns(name, cells)), folder / "x.parquet")
    return folder / "x.parquet"


def saved(folder: Path, name: str, cells: list[str]) -> Path:
    import datasets

    data = datasets.Dataset.from_dict(columns(name, cells)).cast_column("img", datasets.Image())
    data.save_to_disk(str(folder / "saved"))
    return folder / "saved"


def table(folder: Path, name: str, cells: list[str]) -> Path:
    for number, data in enumerate(IMAGES):
        (folder / f"{number}.png").write_bytes(data)
    lines = [f"{number}.png,{cell}" for number, cell in enumerate(cells)]
    return write_file(folder / "x.csv", "\n".join([f"img,{name}", *lines]) + "\n")


@pytest.mark.parametrize("write", [parquet, saved, table])
@pytest.mark.parametrize(("source", "role", "known", "cells", "targets"), CASES, ids=NAMES)
def test_columns_are_inferred_in_every_layout(
    tmp_path: Path,
    source: Source,
    role: str,
    known: str,
    cells: list[str],
    targets: list[object],
    write: Callable[[Path, str, list[str]], Path],
) -> None:
    data = source(write(tmp_path, known, cells))
    assert [sample.target for sample in data.samples] == targets
    media = [sample.inputs["image"] for sample in data.samples]
    assert [read_bytes(m) for m in media if isinstance(m, Media)] == IMAGES
    assert [sample.id.removesuffix(".png") for sample in data.samples] == ["0", "1"]
    inferred = data.source["columns"].split(",")
    assert {"image=img", f"{role}={known}"} == {*inferred}


@pytest.mark.parametrize(("source", "role", "known", "cells", "targets"), CASES, ids=NAMES)
def test_columns_of_any_name_are_named(
    tmp_path: Path, source: Source, role: str, known: str, cells: list[str], targets: list[object]
) -> None:
    file = table(tmp_path, "is", cells)
    with pytest.raises(ColumnsNeeded, match=rf"no {role}.*the columns are img, is"):
        source(file)
    data = source(file, columns={role: "is", "image": "img"})
    assert [sample.target for sample in data.samples] == targets
    assert "columns" not in data.source


def test_a_named_column_replaces_the_known_ones(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.csv", "id,answer,answers,gold\n1,a,b,c\n")
    (sample,) = answers(file, columns={"answer": "gold"}).samples
    assert (sample.target, sample.tags) == ("c", {})


def test_transcripts_of_a_table_with_other_names(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.csv", "wav,said,speaker\na.wav,hello,s1\n")
    (sample,) = transcripts(file, columns={"text": "said"}).samples
    assert (sample.id, sample.target, sample.group) == ("a.wav", "hello", "s1")


def test_rows_without_ids_and_files_are_numbered(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.csv", "question,answer\n1 + 1?,2\n1 + 2?,3\n")
    assert [sample.id for sample in answers(file).samples] == ["0", "1"]


def test_repeated_ids_are_no_reason_for_another_task(tmp_path: Path) -> None:
    file = tmp_path / "ref.jsonl"
    write_lines(file, {"id": "u1", "text": "a"}, {"id": "u1", "text": "b"})
    with pytest.raises(RepeatedIds, match=r"repeated: u1; remove or rename them$"):
        mmbench.score("transcripts", {"u1": "a"}, data=file)
