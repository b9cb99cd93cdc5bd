"""The source `coco`: both formats, every layout, and what is said of bad input."""

from pathlib import Path

import pytest

from mmbench.data.published.coco import coco
from mmbench.errors import DataError, SpecError, UnknownName
from mmbench.media import read_bytes
from tests.support.datasets import paths, texts
from tests.support.files import write_file
from tests.support.layouts.coco import captions_json, karpathy_json, touch
from tests.support.paths import DATA

MINI = DATA / "coco-mini"


@pytest.mark.skipif(not MINI.is_dir(), reason=f"no real captions: {MINI} is absent")
@pytest.mark.parametrize("root", [MINI, MINI / "captions_subset159.json"])
def test_the_real_subset(root):
    data = coco(root)
    assert (len(data.corpus), len(data.queries), len(data.links)) == (159, 795, 795)
    assert all(read_bytes(document.inputs["image"]) for document in data.corpus)
    assert texts(data)["11734"].startswith("An orange reddish rose in a vase")
    assert data.links["11734"] == {"249025": 1.0}
    assert {query.group for query in data.queries} == {document.id for document in data.corpus}


def test_coco_captions(tmp_path):
    write_file(tmp_path / "captions_val2017.json", captions_json())
    touch(tmp_path / "val2017", "7.jpg", "12.jpg")
    data = coco(tmp_path)
    assert texts(data) == {
        "1": "a dog",
        "2": "a cat",
        "3": " two dogs. ",
        "4": "a wet dog",
        "5": "a dry cat",
    }
    assert data.links == {id: {"7" if id in "25" else "12": 1.0} for id in "12345"}
    assert [query.group for query in data.queries] == ["12", "7", "12", "12", "7"]
    assert paths(data) == {id: f"{tmp_path}/val2017/{id}.jpg" for id in ("7", "12")}
    assert [document.group for document in data.corpus] == ["7", "12"]


def test_karpathy_splits(tmp_path):
    write_file(tmp_path / "dataset_coco.json", karpathy_json())
    touch(tmp_path / "val2014", "v1.jpg", "v2.jpg")
    touch(tmp_path / "train2014", "t1.jpg")
    data = coco(tmp_path)
    assert [document.id for document in data.corpus] == ["391895", "522418"]
    assert list(texts(data)) == ["10", "11", "13", "14", "15"]
    assert data.links["15"] == {"522418": 1.0}
    train = coco(tmp_path, split="train")
    assert texts(train) == {"12": "a restaurant"}
    assert paths(train) == {"57870": f"{tmp_path}/train2014/t1.jpg"}


def test_flickr_images_are_known_by_their_names(tmp_path):
    write_file(tmp_path / "dataset_flickr30k.json", karpathy_json(coco_ids=False))
    touch(tmp_path / "flickr30k-images", "v1.jpg", "v2.jpg", "t1.jpg")
    assert paths(coco(tmp_path)) == {
        id: f"{tmp_path}/flickr30k-images/{id}.jpg" for id in ("v1", "v2")
    }


def test_an_unknown_split_is_answered_with_those_there_are(tmp_path):
    file = write_file(tmp_path / "dataset_coco.json", karpathy_json())
    with pytest.raises(UnknownName, match=r"unknown split of .* 'tst': did you mean test\?"):
        coco(file, split="tst")


def test_the_first_captions_and_images(tmp_path):
    file = write_file(tmp_path / "captions_val2017.json", captions_json())
    touch(tmp_path, "7.jpg", "12.jpg")
    assert list(texts(coco(file, captions=2))) == ["1", "2", "3", "5"]
    assert list(texts(coco(file, captions=1))) == ["1", "2"]
    one = coco(file, images=1)
    assert list(paths(one)) == ["7"]
    assert list(texts(one)) == ["2", "5"]


@pytest.mark.parametrize("count", [0, -1, 2.5, "five"])
def test_a_count_is_a_whole_number_from_1(tmp_path, count):
    with pytest.raises(SpecError, match="data option captions"):
        coco(tmp_path, captions=count)


@pytest.mark.parametrize(
    "place",
    ["", "val2017", "val2014", "images", "images/val2014", "Images", "imgs", "flickr30k_images"],
)
@pytest.mark.parametrize("annotations", ["", "annotations", "karpathy"])
def test_images_are_found_beside_the_annotations(tmp_path, place, annotations):
    file = write_file(tmp_path / annotations / "captions_val2014.json", captions_json())
    touch(tmp_path / place, "7.jpg", "12.jpg")
    for root in (tmp_path, file):
        assert [Path(path).resolve() for path in paths(coco(root)).values()] == [
            (tmp_path / place / name).resolve() for name in ("7.jpg", "12.jpg")
        ]


def test_a_relative_root(tmp_path, monkeypatch):
    write_file(tmp_path / "annotations/captions_val2014.json", captions_json())
    touch(tmp_path / "val2014", "7.jpg", "12.jpg")
    monkeypatch.chdir(tmp_path / "annotations")
    for root in (Path("captions_val2014.json"), Path(), Path("../annotations"), Path("..")):
        assert all(Path(path).is_file() for path in paths(coco(root)).values())


def test_file_names_may_have_folders(tmp_path):
    value = captions_json()
    value["images"][0]["file_name"] = "val2017/7.jpg"
    value["images"][1]["file_name"] = str(tmp_path / "far/12.jpg")
    write_file(tmp_path / "a/captions.json", value)
    touch(tmp_path / "val2017", "7.jpg")
    touch(tmp_path / "far", "12.jpg")
    assert [Path(path).read_bytes() for path in paths(coco(tmp_path / "a")).values()] == [
        b"image"
    ] * 2


def test_the_karpathy_file_wins_over_coco_captions(tmp_path):
    write_file(tmp_path / "captions_val2014.json", captions_json())
    write_file(tmp_path / "karpathy/dataset_coco.json", karpathy_json())
    touch(tmp_path / "val2014", "v1.jpg", "v2.jpg")
    assert list(paths(coco(tmp_path))) == ["391895", "522418"]


def test_a_karpathy_split_in_coco_format_wins_over_all_captions(tmp_path):
    write_file(tmp_path / "annotations/captions_train2014.json", {"images": [], "annotations": []})
    write_file(tmp_path / "annotations/captions_val2014.json", {"images": [], "annotations": []})
    write_file(tmp_path / "coco_test_karpathy.json", captions_json())
    touch(tmp_path / "val2014", "7.jpg", "12.jpg")
    assert list(paths(coco(tmp_path))) == ["7", "12"]


def test_of_two_caption_files_the_split_chooses(tmp_path):
    for split in ("train", "val"):
        write_file(tmp_path / f"annotations/captions_{split}2017.json", captions_json())
        write_file(tmp_path / f"annotations/instances_{split}2017.json", "{}")
    touch(tmp_path / "val2017", "7.jpg", "12.jpg")
    assert len(coco(tmp_path, split="val").corpus) == 2
    with pytest.raises(
        DataError, match=r"several such files .annotations/captions_train2017.json, "
    ) as caught:
        coco(tmp_path)
    assert f"--data {tmp_path}/annotations/captions_train2017.json" in str(caught.value)


def test_any_single_json_will_do(tmp_path):
    write_file(tmp_path / "mine.json", captions_json())
    touch(tmp_path, "7.jpg", "12.jpg")
    assert len(coco(tmp_path).corpus) == 2


def test_two_data_sets_in_one_folder(tmp_path):
    write_file(tmp_path / "dataset_coco.json", karpathy_json())
    write_file(tmp_path / "dataset_flickr8k.json", karpathy_json())
    with pytest.raises(
        DataError, match=r"several such files .dataset_coco.json, dataset_flickr8k.json"
    ):
        coco(tmp_path)
