"""Embeddings without the media that they are of, and ids of documents that are paths."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mmbench
from mmbench.data.sources.text_media_pairs import captioned
from mmbench.engine.check import check
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.errors import DataError
from mmbench.text import path_id
from mmbench.types import Outputs
from tests.support.layouts.coco import make_coco
from tests.support.media.images import save_image

TASK = """
name: mine
kind: retrieval
data: {data}
fields: {{query: text, corpus: image}}
metrics: [recall@1]
headline: recall@1[text-to-image]
"""


def karpathy(folder: Path) -> str:
    images = [
        {"filename": f"p{n}.jpg", "split": "test", "sentences": [{"raw": f"a {n}", "sentid": n}]}
        for n in range(3)
    ]
    (folder / "dataset_flickr8k.json").write_text(json.dumps({"images": images}))
    return "{source: coco, split: test}"


def coco(folder: Path) -> str:
    images = [{"id": f"p{n}", "file_name": f"p{n}.jpg"} for n in range(3)]
    captions = [{"id": n, "image_id": f"p{n}", "caption": f"a {n}"} for n in range(3)]
    made = {"images": images, "annotations": captions}
    (folder / "captions_val2017.json").write_text(json.dumps(made))
    return "{source: coco}"


def table(folder: Path) -> str:
    rows = "".join(f"x/../p{n}.jpg,a {n},p{n}\n" for n in range(3))
    (folder / "t.csv").write_text(f"image,text,image_id\n{rows}")
    return "{source: table}"


def texts(folder: Path) -> str:
    for n in range(3):
        (folder / f"p{n}.txt").write_text(f"a {n}")
    return "{source: folder}"


def columns(folder: Path) -> str:
    rows = "".join(f"p{n},a {n}\n" for n in range(3))
    (folder / "t.csv").write_text(f"name,caption\n{rows}")
    columns = "{image: '{name}.jpg', image_id: name, text: caption}"
    return f"{{source: captioned, files: t.csv, columns: {columns}}}"


@pytest.mark.parametrize("source", [karpathy, coco, table, texts, columns])
def test_embeddings_are_scored_without_the_images(tmp_path: Path, source: object) -> None:
    # Each text is nearest to its own image, so that recall@1 is 1 in both directions.
    data = tmp_path / "data"
    data.mkdir()
    task = tmp_path / "mine.yaml"
    task.write_text(TASK.format(data=source(data)))  # type: ignore[operator]
    ids = [f"p{n}#0" if source in (texts, columns) else str(n) for n in range(3)]
    vectors = np.eye(3, dtype=np.float32)
    given = Outputs(embeddings={"query": (ids, vectors), "corpus": (["p0", "p1", "p2"], vectors)})
    record = mmbench.score(str(task), given, data=data).record
    assert {s.value for s in record.scores.values()} == {1.0}
    assert record.counts["failed"] == 0
    assert any("the media of 3 samples are missing" in note for note in record.notes)
    # A run needs the images, and `check` fails as a run does.
    options = RunSettings(data=data, device="cpu")
    for model in ("test-means", "random"):
        for command in (run, check):
            with pytest.raises(
                DataError, match=r"corpus contents are unreadable.*p0\.jpg|no image file in it"
            ):
                command(model, str(task), options)
    for n in range(3):
        save_image(data / f"p{n}.jpg")
    with_images = mmbench.score(str(task), given, data=data).record
    assert not any("hashed" in note for note in with_images.notes)
    assert with_images.task.data_hash != record.task.data_hash


def test_some_images_that_are_not_there_fail_in_a_run_alone(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco")
    (folder / "images" / f"{0:012}.png").unlink()
    assert (
        len(check("test-means", "coco-retrieval", RunSettings(data=folder, device="cpu")).failures)
        == 1
    )


@pytest.mark.parametrize(
    ("ident", "same"),
    [
        ("./a.jpg", "a.jpg"),
        ("x/../a.jpg", "a.jpg"),
        ("a/./b/../c.jpg", "a/c.jpg"),
        ("../a.jpg", "../a.jpg"),
        ("a.jpg", "a.jpg"),
        # No paths: they stay as they are.
        ("a//b", "a//b"),
        ("a/", "a/"),
        ("10.1000/182.", "10.1000/182."),
        ("..", ".."),
        (".", "."),
        ("a..b/c", "a..b/c"),
        ("https://h/x/../a", "https://h/x/../a"),
        ("", ""),
    ],
)
def test_ids_that_are_paths(ident: str, same: str) -> None:
    assert path_id(ident) == same
    assert path_id(same) == same


QRELS = "q1 0 a.jpg 1\nq1 0 x/../b.jpg 0\n./q/2.jpg 0 ./b.jpg 1\n"


def test_outputs_name_documents_by_any_spelling_of_their_path(tmp_path: Path) -> None:
    # a.jpg is at rank 2 and b.jpg at rank 1, in both forms of outputs.
    qrels = tmp_path / "t.qrels"
    qrels.write_text(QRELS)
    (tmp_path / "x.run").write_text(
        "q1 Q0 ./b.jpg 1 9 t\nq1 Q0 x/../a.jpg 2 8 t\nq/2.jpg Q0 y/../b.jpg 1 7 t\n"
    )
    record = mmbench.score("pairs", tmp_path / "x.run", data=qrels).record
    assert record.scores["mrr@10"].value == 0.75
    assert record.notes == ["scored from outputs"]  # no document is unknown
    sides = {
        "query": (["q1", "q/./2.jpg"], np.float32([[0.5, 0.9], [0, 1]])),
        "corpus": (["./a.jpg", "b.jpg"], np.eye(2, dtype=np.float32)),
    }
    record = mmbench.score("pairs", Outputs(embeddings=sides), data=qrels).record
    assert record.scores["mrr@10"].value == 0.75
    assert record.task.data == {"query": 2, "corpus": 2}
    sides["corpus"] = ["./a.jpg", "a.jpg"], np.eye(2, dtype=np.float32)
    with pytest.raises(DataError, match=r"corpus embeddings: vectors occur twice: a\.jpg"):
        mmbench.score("pairs", Outputs(embeddings=sides), data=qrels)
    with pytest.raises(DataError, match=r"output for q1: documents occur twice: a\.jpg"):
        mmbench.score("pairs", {"q1": ["./a.jpg", "a.jpg"], "q/2.jpg": []}, data=qrels)


def test_captions_of_one_recording_by_two_spellings(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,caption\na.wav,one\n./a.wav,two\n")
    data = captioned(
        tmp_path,
        files="t.csv",
        columns={"audio": "{file}", "audio_id": "file", "text": "caption"},
    )
    assert [document.id for document in data.corpus] == ["a.wav"]
    assert data.links == {"a.wav#0": {"a.wav": 1.0}, "a.wav#1": {"a.wav": 1.0}}
