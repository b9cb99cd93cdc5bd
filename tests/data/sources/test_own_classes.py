"""Own images and their classes: from a column, from folders, from a data set that declares them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbench.data.sources.own_classes import own_classes
from mmbench.datasets import Samples
from mmbench.errors import ColumnsNeeded, DataError, UnknownName
from tests.support.files import write_file
from tests.support.media.images import labelled_images, save_image


def named_targets(data: Samples) -> dict[str, object]:
    return {sample.id: data.labels[sample.target] for sample in data.samples}


def test_labels_of_a_column(tmp_path: Path) -> None:
    file = labelled_images(tmp_path, ["dog", "cat", "dog"])
    data = own_classes(file)
    assert data.labels == ["cat", "dog"]
    assert named_targets(data) == {"0": "dog", "1": "cat", "2": "dog"}
    assert data.templates == ["a photo of a {}."]


def test_labels_of_folders(tmp_path: Path) -> None:
    for name in ("cat/a", "cat/b", "dog/a"):
        save_image(tmp_path / f"{name}.png")
    assert named_targets(own_classes(tmp_path)) == {"cat/a": "cat", "cat/b": "cat", "dog/a": "dog"}


def test_folders_of_splits_are_no_classes(tmp_path: Path) -> None:
    for name in ("train/cat/a", "train/dog/a", "test/cat/a"):
        save_image(tmp_path / f"{name}.png")
    with pytest.raises(DataError, match="test, train are splits; add --split test"):
        own_classes(tmp_path)
    assert own_classes(tmp_path, split="train").labels == ["cat", "dog"]
    with pytest.raises(DataError, match="no split val; its splits are test, train; add --split"):
        own_classes(tmp_path, split="val")
    save_image(tmp_path / "cup" / "b" / "a.png")
    assert own_classes(tmp_path).labels == ["cup", "test", "train"]


def test_classes_of_a_data_set(tmp_path: Path) -> None:
    import datasets

    save_image(tmp_path / "a.png")
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog", "bird"])}
    )
    columns = {"image": [str(tmp_path / "a.png")], "label": [1]}
    data = datasets.Dataset.from_dict(columns, features=features)
    data.save_to_disk(str(tmp_path / "saved"))
    data.to_parquet(str(tmp_path / "x.parquet"))
    for place in (tmp_path / "saved", tmp_path / "x.parquet"):
        loaded = own_classes(place)
        assert loaded.labels == ["cat", "dog", "bird"]
        assert named_targets(loaded) == {"0": "dog"}


def test_given_labels_are_the_classes_in_order(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.csv", "path,category\na.png,1\nb.png,0\n")
    data = own_classes(file, labels=["dog", "cat", "bird"])
    assert data.labels == ["dog", "cat", "bird"]
    assert named_targets(data) == {"a": "cat", "b": "dog"}
    names = write_file(tmp_path / "names.txt", "dog\ncat\nbird\n")
    assert own_classes(file, labels=str(names)).labels == data.labels
    with pytest.raises(DataError, match=r"the classes are numbers \(0, 1\).*--labels"):
        own_classes(file)


def test_unknown_labels_and_columns_are_refused(tmp_path: Path) -> None:
    file = labelled_images(tmp_path, ["dog", "cat"])
    with pytest.raises(UnknownName, match=r"line 2.* 'dog'"):
        own_classes(file, labels=["cat", "cow"])
    with pytest.raises(ColumnsNeeded, match=r"no label.*add --columns image=file,label=COLUMN"):
        own_classes(write_file(tmp_path / "x.csv", "file,kind\na.png,cat\n"))
