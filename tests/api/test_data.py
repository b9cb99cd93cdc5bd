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
from mmbench.errors import ColumnsNeeded, DataError, UserError
from tests.support.paths import real_data
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


class MeanColours:
    """Embeds images by their mean colours, and texts by a hash of their words."""

    modalities = frozenset({"text", "image"})

    def embed(self, items: Any, modality: str, role: str) -> Any:
        if modality == "image":
            return np.stack([np.asarray(one, np.float32).mean((0, 1)) for one in items])
        return np.stack([self._text(text) for text in items])

    def _text(self, text: str) -> Any:
        codes = np.frombuffer(text.encode(), np.uint8).astype(np.float32)
        return np.array([codes.mean(), codes.std(), len(text)], np.float32)


@pytest.mark.slow
def test_real_photographs_have_the_same_recall_in_memory_and_in_files(tmp_path: Path) -> None:
    folder = real_data("coco-mini")
    annotations = json.loads(next(folder.glob("*.json")).read_text())
    names = {one["id"]: one["file_name"] for one in annotations["images"]}
    (image_folder,) = {path.parent for path in folder.rglob("*.jpg")}
    texts: dict[int, list[str]] = {}
    for one in annotations["annotations"]:
        texts.setdefault(one["image_id"], []).append(one["caption"])
    rows = [
        {"image": str(image_folder / names[ident]), "text": own} for ident, own in texts.items()
    ]
    opened = [row | {"image": Image.open(row["image"])} for row in rows]
    encoded = [row | {"image": Path(row["image"]).read_bytes()} for row in rows]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data: list[Any] = [
        tmp_path / "rows.jsonl", pd.DataFrame(opened), encoded, Items(opened), rows,
        datasets.Dataset.from_list(encoded).cast_column("image", datasets.Image()),
    ]  # fmt: skip
    results = [mmbench.evaluate(MeanColours(), "retrieval", data=one) for one in data]
    first = results[0].record
    assert first.task.data == {"corpus": len(rows), "query": sum(map(len, texts.values()))}
    assert first.counts["failed"] == 0
    values = {name: score.value for name, score in first.scores.items()}
    for result in results[1:]:  # intervals differ with the ids, by which samples are drawn
        assert {name: s.value for name, s in result.record.scores.items()} == values


def test_zero_shot_classification_of_images_in_memory() -> None:
    rows = [{"picture": image(red), "kind": f"c{red % 2}"} for red in range(4)]
    data = pd.DataFrame(rows)
    columns = {"image": "picture", "label": "kind"}
    result = mmbench.evaluate(
        MeanColours(), "zeroshot", data=data, columns=columns, labels=["c1", "c0"],
        templates="a photo of a {}.",
    )  # fmt: skip
    assert result.record.task.data == {"sample": 4}
    assert result.samples["reference"].tolist() == ["c0", "c1", "c0", "c1"]


def test_transcripts_and_captions_in_memory() -> None:
    sounds = [{"audio": (np.zeros(800), 8000), "text": f"word {n}"} for n in range(2)]
    named = [{"id": f"u{n}", **sound} for n, sound in enumerate(sounds)]
    spoken = ["word 0", "word 2"]
    for data, outputs in (
        (sounds, {"0": spoken[0], "1": spoken[1]}),
        *((named, outputs) for outputs in (spoken, tuple(spoken), pd.Series(spoken))),
    ):
        result = mmbench.score("transcripts", outputs, data=data)
        assert result.record.scores["wer[none]"].value == 0.25
    with pytest.raises(DataError, match="3 outputs without ids for 2 samples"):
        mmbench.score("transcripts", [*spoken, "a"], data=named)
    with pytest.raises(UserError, match=r"`columns` names .*; give a dict \{role: column\}"):
        mmbench.score("transcripts", spoken, data=named, columns="text=text")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="the predictions are a generator; give a file"):
        mmbench.score("transcripts", (text for text in spoken), data=named)  # type: ignore[arg-type]
    captions = pd.DataFrame([{"id": "1", "image": image(1), "references": ["a dog", "dogs"]}])
    scored = mmbench.score("captions", {"1": "a dog"}, data=captions)
    assert scored.record.scores["bleu@1"].value == pytest.approx(1)


def test_an_unclear_column_names_the_argument(tmp_path: Path) -> None:
    rows = pd.DataFrame([{"photo": "a.png", "caption": "a", "title": "b"}])
    expected = r"add columns=\{'image': 'COLUMN', 'text': 'caption'\}$"
    with pytest.raises(ColumnsNeeded, match=expected):
        mmbench.evaluate("clip-nano", "retrieval", data=rows.rename(columns={"photo": "pic"}))
    (tmp_path / "x.csv").write_text("filepath,caption,title\na.png,a,b\n")
    with pytest.raises(
        ColumnsNeeded, match=r"add columns=\{'image': 'filepath', 'text': 'caption'"
    ):
        mmbench.score("retrieval", {"0": ["a"]}, data=tmp_path / "x.csv")
