"""The same rows behind every reader: the same pairs, samples and labels, with one data hash."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from mmbench.datasets import RetrievalData, Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.spec import load_task
from tests.support.media.images import png

ROWS: list[dict[str, Any]] = [
    {"n": "t1", "file": "a.png", "pic": "A", "caption": "a dog", "kind": "dog", "set": "x"},
    {"n": "t2", "file": "b.png", "pic": "B", "caption": "a cat, wet", "kind": "cat", "set": "y"},
    {"n": "t3", "file": "a.png", "pic": "A", "caption": "a red dog", "kind": "dog", "set": "y"},
    {"n": "t4", "file": "gone.png", "pic": "C", "caption": "nothing", "kind": "cat", "set": "x"},
]


@pytest.fixture(autouse=True)
def _own_datasets(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("datasets"))


def write(folder: Path, form: str) -> Path:
    """Return a folder with images and one file of the rows, or a data set, in this form."""
    folder.mkdir()
    for grey, name in enumerate(("a.png", "b.png")):
        (folder / name).write_bytes(png(40 * grey + 10))
    file = folder / f"test.{form}"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), file)
    elif form == "saved":
        datasets.Dataset.from_list(ROWS).save_to_disk(folder / "d")
        for name in ("a.png", "b.png"):
            (folder / name).rename(folder / "d" / name)
        return folder / "d"
    elif form == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif form == "json":
        file.write_text(json.dumps({"data": ROWS}))
    else:
        with file.open("w", newline="") as stream:
            separator = "\t" if form == "tsv" else ","
            writer = csv.DictWriter(stream, list(ROWS[0]), delimiter=separator)
            writer.writeheader()
            writer.writerows(ROWS)
    return file


def options(source: str, form: str) -> dict[str, Any]:
    """Return the options by which a source of annotation files finds these rows."""
    if source not in ("listing", "labelled", "captioned"):
        return {"source": source}
    return {"source": source, "files": f"test.{form}"} | (
        {"rows": "data"} if form == "json" else {}
    )


def loaded(folder: Path, place: Path, task: dict[str, Any]) -> tuple[Any, str]:
    """Return the data of a task at a place, and the data hash that a run records."""
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump({"name": "mine", "summary": "x", **task}))
    spec = load_task(str(file))
    hashed = run("random", str(file), RunSettings(data=place, seed=0)).record.task.data_hash
    return load_data(spec, place), hashed


PAIRS = [
    *(("table", form) for form in ("csv", "tsv", "jsonl", "parquet")),
    *(("captioned", form) for form in ("csv", "tsv", "jsonl", "json")),
    *((source, form) for source in ("hf", "caption-rows") for form in ("csv", "parquet", "saved")),
]


def test_pairs(tmp_path: Path) -> None:
    columns = {"image": "file", "image_id": "pic", "text": "caption", "id": "n"}
    found: dict[tuple[str, str], Any] = {}
    for source, form in PAIRS:
        folder = tmp_path / f"{source}-{form}"
        task = {"include": "coco-retrieval", "data": {**options(source, form), "columns": columns}}
        data, hashed = loaded(tmp_path, write(folder, form), task)
        assert isinstance(data, RetrievalData)
        found[source, form] = (
            [(query.id, query.inputs, query.group) for query in data.queries],
            [(d.id, Path(getattr(d.inputs["image"], "name", "")).name) for d in data.corpus],
            {query: dict(documents) for query, documents in data.links.items()},
            hashed,
        )
    first = found["table", "csv"]
    assert first[0][1] == ("t2", {"text": "a cat, wet"}, "B")
    assert first[1] == [("A", "a.png"), ("B", "b.png"), ("C", "gone.png")]
    for (source, form), one in found.items():
        assert one == first, (source, form)


SAMPLES = [
    *(("listing", form) for form in ("csv", "tsv", "jsonl", "json")),
    *(("rows", form) for form in ("csv", "jsonl", "parquet", "saved")),
]


@pytest.mark.parametrize("image", ["file", "{file}", ["none/{file}", "{file}"]])
def test_samples(tmp_path: Path, image: Any) -> None:
    found: dict[tuple[str, str], Any] = {}
    given = {
        "where": {"set": ["x", "y"]}, "id": "n", "columns": {"image": image, "question": "caption"},
        "target": "kind", "group": "pic", "tags": {"set": "set"},
    }  # fmt: skip
    for source, form in SAMPLES:
        task = {"include": "textvqa", "data": options(source, form) | given, "protocol": {}}
        data, hashed = loaded(tmp_path, write(tmp_path / f"{source}-{form}", form), task)
        found[source, form] = described(data), hashed
    first = found["listing", "csv"]
    assert first[0][0] == ("t1", "a.png", "a dog", "dog", "A", {"set": "x"})
    for (source, form), one in found.items():
        assert one == first, (source, form)


LABELS = [
    *(("labelled", form) for form in ("csv", "tsv", "jsonl", "json")),
    *(("rows", form) for form in ("csv", "jsonl", "parquet", "saved")),
]


def test_labels(tmp_path: Path) -> None:
    found: dict[tuple[str, str], Any] = {}
    given = {
        "id": "n", "columns": {"image": "file"}, "target": "kind", "labels": ["dog", "cat"],
        "group": "pic", "tags": {"set": "set"},
    }  # fmt: skip
    for source, form in LABELS:
        task = {"include": "labels", "data": options(source, form) | given}
        task |= {"fields": {"image": "image"}}
        data, hashed = loaded(tmp_path, write(tmp_path / f"{source}-{form}", form), task)
        assert data.labels == ["dog", "cat"]
        found[source, form] = described(data), hashed
    first = found["labelled", "csv"]
    assert first[0][1] == ("t2", "b.png", None, 1, "B", {"set": "y"})
    for (source, form), one in found.items():
        assert one == first, (source, form)


def described(data: Samples) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for sample in data.samples:
        image, question = sample.inputs["image"], sample.inputs.get("question")
        name = Path(getattr(image, "name", "")).name
        found.append((sample.id, name, question, sample.target, sample.group, sample.tags))
    return found
