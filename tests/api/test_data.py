"""Data in memory: the same scores as from files, for each kind of data and task."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import mmbench
from mmbench.errors import DataError
from tests.support.toy_models import register_scores

QUESTIONS = [
    {"id": "a", "image": 0, "question": "colour?", "answer": "red", "kind": "x"},
    {"id": "b", "image": 1, "question": "what?", "answer": ["dog", "a dog"], "kind": "y"},
    {"id": "c", "image": 2, "question": "how many?", "answer": "two", "kind": "x"},
]


class Items(torch.utils.data.Dataset[Any]):
    """A map-style data set over a list."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, at: int) -> Any:
        return self.items[at]


class Looks:
    """Answers with the red of the first pixel, so that an answer shows which image it saw."""

    modalities = frozenset({"text", "image"})

    def write(self, conversations: Any, options: Any) -> Any:
        from mmbench.types import GeneratedText

        seen = [
            [part for turn in turns for part in turn.parts if not isinstance(part, str)]
            for turns in conversations
        ]
        texts = [f"{np.asarray(image[0])[0, 0, 0]}" if image else "none" for image in seen]
        return [GeneratedText(text) for text in texts]


def image(red: int) -> Image.Image:
    return Image.new("RGB", (6, 4), (red, 9, 9))


def rows_with(image_of: Any) -> list[dict[str, Any]]:
    return [row | {"image": image_of(row["image"])} for row in QUESTIONS]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for red in range(3):
        image(red).save(tmp_path / f"{red}.png")
    path = tmp_path / "data.jsonl"
    lines = [json.dumps(row) for row in rows_with(lambda red: f"{red}.png")]
    path.write_text("\n".join(lines))
    return path


def kinds_of_data() -> Iterator[tuple[str, Any]]:
    rows = rows_with(image)
    yield "list", rows
    yield "list of arrays", rows_with(lambda red: np.asarray(image(red)))
    yield "frame", pd.DataFrame(rows)
    yield "torch", Items(rows)
    listed = [row | {"answer": json.dumps(row["answer"])} for row in rows]
    yield "datasets", datasets.Dataset.from_list(listed)


@pytest.mark.parametrize(
    ("kind", "data"), list(kinds_of_data()), ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_model_sees_the_images_of_its_rows(kind: str, data: Any, files: Path) -> None:
    result = mmbench.evaluate(Looks(), "answers", data=data)
    assert result.record.counts["failed"] == 0
    assert result.samples["output"].tolist() == ["0", "1", "2"]
    if kind != "datasets":
        by_file = mmbench.evaluate(Looks(), "answers", data=files)
        assert result.record.scores == by_file.record.scores
        assert result.samples["reference"].tolist() == by_file.samples["reference"].tolist()
        assert result.samples["tag:kind"].tolist() == ["x", "y", "x"]


def test_answers_are_cached_by_content_and_not_by_the_kind_of_data() -> None:
    class Known(Looks):
        identity = "the red of the first pixel"

    def cached(data: Any) -> int:
        return mmbench.evaluate(Known(), "answers", data=data).record.counts["cached"]

    data = dict(kinds_of_data())
    kinds = ("list", "list of arrays", "frame", "torch")
    assert [cached(data[kind]) for kind in kinds] == [0, 3, 3, 3]
    changed = rows_with(image)
    changed[1]["image"].putpixel((5, 3), (0, 0, 0))
    assert cached(changed) == 2


def test_scores_of_outputs_with_references_in_memory() -> None:
    outputs = {"a": "red", "b": "dog", "c": "three"}
    result = mmbench.score("answers", outputs, data=pd.DataFrame(QUESTIONS).drop(columns="image"))
    assert result.record.scores["exact_match"].value == pytest.approx(2 / 3)


@pytest.mark.usefixtures("own_plugins")
def test_class_numbers_have_the_names_of_the_data_set() -> None:
    register_scores("abc")  # scores of "a", "b", "c" by the red of the image
    columns = {"id": ["0", "1", "2"], "image": [image(n) for n in range(3)], "label": [0, 1, 0]}
    names = datasets.ClassLabel(names=["a", "b", "c"])
    data = datasets.Dataset.from_dict(columns).cast_column("label", names)
    result = mmbench.evaluate("abc", "labels", data=data, device="cpu")
    assert result.record.scores["accuracy@1"].value == pytest.approx(2 / 3)
    assert result.samples["reference"].tolist() == ["a", "b", "a"]


def test_relative_paths_are_in_the_working_folder(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files.parent)
    rows = rows_with(lambda red: Path(f"{red}.png"))
    result = mmbench.evaluate(Looks(), "answers", data=rows)
    assert result.samples["output"].tolist() == ["0", "1", "2"]


def test_an_image_that_cannot_be_read_fails_alone() -> None:
    rows = rows_with(image)
    rows[1]["image"] = torch.randn(3, 4, 4)
    result = mmbench.evaluate(Looks(), "answers", data=rows)
    assert result.record.counts["failed"] == 1
    assert "before they are normalised" in result.samples["error"].tolist()[1]


def test_a_task_of_a_published_data_set_reads_files() -> None:
    with pytest.raises(DataError, match="data source coco reads files; give the path of its files"):
        mmbench.evaluate("oracle", "coco-retrieval", data=rows_with(image))
    with pytest.raises(DataError, match="the data are a int; give a path, a list of dicts"):
        mmbench.evaluate("oracle", "answers", data=3)  # type: ignore[arg-type]
