"""The `hub` blocks of tasks, read from local data sets with the columns of those on the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets import Audio, Dataset, Image, List

from mmbench import registry
from mmbench.data.sources.text_media_pairs import caption_rows
from mmbench.datasets import RetrievalData, Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import DataError, SpecError, UnknownName
from mmbench.media import read_bytes
from mmbench.spec import load_task, packaged_tasks
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import InvalidContent, Media
from tests.support.media.images import png, red_of
from tests.support.media.sounds import wav

pytestmark = pytest.mark.usefixtures("own_datasets")

IMAGES = [{"bytes": png(grey), "path": None} for grey in (10, 20, 30)]
SOUNDS = [{"bytes": wav(100 * n), "path": f"{n}.wav"} for n in (1, 2, 3)]


def kept(
    folder: Path, split: str, columns: dict[str, list[Any]], name: str = "default", **features: Any
) -> Path:
    """A data set as a repository of the hub has it, a configuration more each time.

    A medium is of the type that it has on the hub.
    """
    made = Dataset.from_dict(columns)
    for column, feature in features.items():
        made = made.cast_column(column, feature)
    made.to_parquet(folder / f"{name}/part-0.parquet")
    card = folder / "README.md"
    said = card.read_text().removesuffix("---\n") if card.exists() else "---\nconfigs:\n"
    files = f"[{{split: {split}, path: {name}/part-0.parquet}}]"
    card.write_text(f"{said}- config_name: {name}\n  data_files: {files}\n---\n")
    return folder


def from_block(task: str, root: Path) -> Any:
    """What the hub block of a task makes of a folder with the same columns."""
    block = {"source": "rows"} | load_task(task).data["hub"]
    return registry.lookup("data", block.pop("source"))(root, **block)


@pytest.mark.parametrize(
    "task", [n for n in packaged_tasks() if "hub" in load_task(n).data], ids=str
)
def test_the_options_of_a_block_are_those_of_its_source(task: str) -> None:
    import inspect

    block = {"source": "rows"} | load_task(task).data["hub"]
    source = registry.lookup("data", block.pop("source"))
    assert block.keys() <= inspect.signature(source).parameters.keys()
    kinds = {"retrieval": "RetrievalData"}
    wanted = kinds.get(load_task(task).kind, "Samples")
    assert inspect.signature(source).return_annotation == wanted


@pytest.mark.parametrize("task", ["coco-retrieval", "flickr30k-retrieval"])
def test_captions_of_images_in_a_list(task: str, tmp_path: Path) -> None:
    texts = [["a", "b"], ["c"], ["d", " "]]
    data = from_block(
        task, kept(tmp_path, "test", {"image": IMAGES, "caption": texts}, image=Image())
    )
    assert isinstance(data, RetrievalData)
    assert [d.id for d in data.corpus] == ["0", "1", "2"]
    assert [red_of(d.inputs["image"]) for d in data.corpus] == [10, 20, 30]
    assert [(q.id, q.inputs["text"]) for q in data.queries] == [
        ("0#0", "a"), ("0#1", "b"), ("1#0", "c"), ("2#0", "d"),
        ("2#1", InvalidContent("empty caption")),
    ]  # fmt: skip
    assert data.links["2#1"] == {"2": 1.0}
    assert data.source == {"path": str(tmp_path)}


def test_lists_of_one_image_on_the_hub(tmp_path: Path) -> None:
    """The hub's copy of SEED-Bench has lists of images: eight frames for a video."""
    options = {f"choice_{letter}": list("wxyz") for letter in "abcd"}
    images = [[1], [3, 4], [2], []]
    columns = {
        **options,
        "answer": list("ADCB"),
        "question": ["one?", "two?", "three?", "four?"],
        "question_id": list("5678"),
        "data_type": ["image", "image", "video", "image"],
        "image": [[{"bytes": png(n), "path": None} for n in row] for row in images],
    }
    kept(tmp_path, "test", columns, image=List(Image()))
    data = from_block("seed-bench", tmp_path)
    one, several, none = data.samples
    assert [sample.id for sample in data.samples] == ["5", "6", "8"]
    assert red_of(one.inputs["image"]) == 1
    assert "image has 2 items, not one" in several.inputs["image"].reason
    assert "image is empty" in none.inputs["image"].reason
    assert [sample.target["answer"] for sample in data.samples] == ["A", "D", "B"]
    with ContentKeys(tmp_path) as keys:
        assert keys.key(one.inputs["image"]) == keys.key(Media("image", "x", lambda: png(1)))


def test_a_web_data_set_of_pairs(tmp_path: Path) -> None:
    columns = {"jpg": IMAGES, "txt": ["a", "b", "c"], "__key__": ["k1", "k2", "k3"]}
    data = from_block("cc3m-retrieval", kept(tmp_path, "validation", columns, jpg=Image()))
    assert [q.inputs["text"] for q in data.queries] == ["a", "b", "c"]
    assert red_of(data.corpus[1].inputs["image"]) == 20


@pytest.mark.parametrize("modality", ["audio", "video"])
def test_captions_of_sounds_and_videos(modality: str, tmp_path: Path) -> None:
    columns = {
        "id": ["x", "y", "x"],
        "file": SOUNDS,
        "one": ["a", "b", "c"],
        "two": ["d", None, "e"],
    }
    features = {"file": Audio()} if modality == "audio" else {}  # a video is a struct of its bytes
    root = kept(tmp_path, "test", columns, **features)
    data = caption_rows(
        root,
        path="some/data",
        columns={modality: "file", "text": ["one", "two"], f"{modality}_id": "id"},
    )
    assert [d.id for d in data.corpus] == ["x", "y"]
    assert read_bytes(data.corpus[0].inputs[modality]) == wav(100)
    assert [(q.id, q.group) for q in data.queries] == [
        ("x#0", "x"), ("x#1", "x"), ("y#0", "y"), ("y#1", "y"), ("x#2", "x"), ("x#3", "x"),
    ]  # fmt: skip
    assert data.queries[3].inputs["text"] == InvalidContent("empty caption")
    only = caption_rows(
        root, path="p/d", columns={modality: "file", "text": "one"}, where={"id": "y"}
    )
    assert [q.inputs["text"] for q in only.queries] == ["b"]


def test_what_is_not_there(tmp_path: Path) -> None:
    root = kept(
        tmp_path, "test", {"image": [*IMAGES[:2], None], "caption": ["a", "b", "c"]}, image=Image()
    )

    def read(root: Path, image: str = "image", text: str = "caption") -> RetrievalData:
        return caption_rows(root, path="p/d", columns={"image": image, "text": text})

    data = read(root)
    assert isinstance(data.corpus[2].inputs["image"], InvalidContent)
    with pytest.raises(UnknownName, match="did you mean caption"):
        read(root, text="captoin")
    # A column of texts is one of paths: none of these is a file, so that every image fails.
    lost = read(root, image="caption")
    assert [d.inputs["image"].reason for d in lost.corpus] == [  # type: ignore[union-attr]
        f"no image file {name}; give --data FOLDER with the image files" for name in "abc"
    ]
    with pytest.raises(DataError, match="caption is 1; give a string or a list of strings"):
        numbers = kept(
            tmp_path / "n", "test", {"image": IMAGES, "caption": [1, 2, 3]}, image=Image()
        )
        read(numbers)


@pytest.mark.parametrize("task", ["coco-caption", "flickr30k-caption"])
def test_references_of_images(task: str, tmp_path: Path) -> None:
    texts = [["a", "b"], ["c"], ["d", "e"]]
    data = from_block(
        task, kept(tmp_path, "test", {"image": IMAGES, "caption": texts}, image=Image())
    )
    assert [sample.target for sample in data.samples] == texts
    assert [red_of(sample.inputs["image"]) for sample in data.samples] == [10, 20, 30]


def test_references_without_domains(tmp_path: Path) -> None:
    columns = {
        "image": IMAGES, "image_file_name": ["a.jpg", "b.jpg", "c.jpg"], "image_id": [0, 1, 2],
        "annotations_ids": [[0, 1], [2], [3]], "annotations_captions": [["a", "b"], ["c"], ["d"]],
    }  # fmt: skip
    data = from_block("nocaps", kept(tmp_path, "validation", columns, image=Image()))
    assert [(s.id, s.target, s.tags) for s in data.samples] == [
        ("0", ["a", "b"], {}), ("1", ["c"], {}), ("2", ["d"], {}),
    ]  # fmt: skip
    assert [red_of(sample.inputs["image"]) for sample in data.samples] == [10, 20, 30]


def test_questions_beside_their_images(tmp_path: Path) -> None:
    questions = {
        "id": ["q1", "q2", "q3"], "imageId": ["b", "a", "z"], "question": ["1?", "2?", "3?"],
        "answer": ["yes", "no", "red"],
    }  # fmt: skip
    kept(tmp_path, "testdev", questions, "testdev_balanced_instructions")
    images = {"id": ["a", "b"], "image": IMAGES[:2]}
    kept(tmp_path, "testdev", images, "testdev_balanced_images", image=Image())
    data = from_block("gqa", tmp_path)
    assert [(s.id, s.target, s.group) for s in data.samples] == [
        ("q1", "yes", "b"), ("q2", "no", "a"), ("q3", "red", "z"),
    ]  # fmt: skip
    assert [red_of(s.inputs["image"]) for s in data.samples[:2]] == [20, 10]
    lost = data.samples[2].inputs["image"]
    assert isinstance(lost, InvalidContent)
    assert "imageId 'z' has no row in" in lost.reason


@pytest.mark.parametrize("number", [26, 99])
def test_classes_by_number_have_the_names_of_the_task(number: int, tmp_path: Path) -> None:
    root = kept(tmp_path, "test", {"img": IMAGES[:1], "fine_label": [number]}, img=Image())
    data = from_block("cifar100-zeroshot", root)
    (sample,) = data.samples
    assert isinstance(data, Samples)
    assert (len(data.labels), data.labels[sample.target]) == (100, {26: "crab", 99: "worm"}[number])
    assert data.templates


def test_classes_by_their_own_names_with_spaces(tmp_path: Path) -> None:
    dishes = datasets.ClassLabel(names=["apple_pie", "baby_back_ribs", "waffles"])
    columns = {"image": IMAGES[:2], "label": [1, 2]}
    data = from_block(
        "food101-zeroshot", kept(tmp_path, "validation", columns, image=Image(), label=dishes)
    )
    assert data.labels == ["apple pie", "baby back ribs", "waffles"]
    assert [sample.target for sample in data.samples] == [1, 2]


@pytest.mark.parametrize("classes", [[2, 14], ["bird", "person"]])
def test_several_classes_by_number_or_by_name(classes: list[Any], tmp_path: Path) -> None:
    root = kept(tmp_path, "test", {"image": IMAGES[:1], "classes": [classes]}, image=Image())
    (sample,) = from_block("voc2007-zeroshot", root).samples
    assert sample.target == [2, 14]


@pytest.mark.parametrize("task", ["clotho-aqa", "common-voice", "covost2-en-zh"])
def test_sounds_with_texts(task: str, tmp_path: Path) -> None:
    block = load_task(task).data["hub"]
    texts = {
        column: ["a", "b", "c"] for column in ("question", "answer", "sentence", "translation")
    }
    kept(tmp_path, block["split"], {"audio": SOUNDS, **texts}, block["name"], audio=Audio())
    data = from_block(task, tmp_path)
    assert [s.target for s in data.samples] == ["a", "b", "c"]
    assert all(isinstance(s.inputs["audio"], Media) for s in data.samples)


def test_pope_and_its_categories(tmp_path: Path) -> None:
    columns = {"image": IMAGES, "question": ["?"] * 3, "answer": ["yes", "no", "yes"],
               "image_source": ["a", "a", "b"],
               "category": ["random", "popular", "adversarial"]}  # fmt: skip
    data = from_block("pope", kept(tmp_path, "test", columns, image=Image()))
    assert [s.tags["category"] for s in data.samples] == columns["category"]
    assert [s.group for s in data.samples] == columns["image_source"]
    assert [s.target for s in data.samples] == columns["answer"]


def test_prompts_to_draw(tmp_path: Path) -> None:
    columns = {"Prompt": ["a cat", "a dog"], "Category": ["x", "y"], "Challenge": ["z", "z"]}
    data = from_block("parti-draw", kept(tmp_path, "train", columns))
    assert [(s.id, s.inputs["text"]) for s in data.samples] == [("0", "a cat"), ("1", "a dog")]


def test_a_block_may_name_its_source(tmp_path: Path) -> None:
    kept(tmp_path / "pairs", "test", {"image": IMAGES, "caption": ["a", "b", "c"]}, image=Image())
    (tmp_path / "task.yaml").write_text(
        "include: coco-retrieval\ndata: {source: coco, folder: absent, hub: {source: caption-rows,"
        f" path: '{tmp_path / 'pairs'}', columns: {{image: image, text: caption}}}}}}\n"
    )
    found = load_data(load_task(str(tmp_path / "task.yaml")), None)
    assert isinstance(found, RetrievalData)
    assert len(found.queries) == len(found.corpus) == 3


def test_a_join_without_its_keys(tmp_path: Path) -> None:
    root = kept(tmp_path, "test", {"id": ["a"], "question": ["?"]})
    with pytest.raises(SpecError, match="has the keys name; give exactly name, by, id and columns"):
        registry.lookup("data", "rows")(root, path="p/d", id="id", join={"name": "images"})
