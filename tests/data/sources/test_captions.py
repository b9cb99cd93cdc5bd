"""The source `captions`: references of images, in every format that holds them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.published.coco import coco
from mmbench.data.sources.captions import captions
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.errors import DataError, SpecError, UnknownName
from mmbench.types import InvalidContent, Media
from tests.support.datasets import targets
from tests.support.files import write_file, write_lines
from tests.support.layouts.coco import captions_json, karpathy_json, touch
from tests.support.paths import real_data
from tests.support.tars import write_tar

COCO = {"7": ["a cat", "a dry cat"], "12": ["a dog", " two dogs. ", "a wet dog"]}


def test_coco_without_images(tmp_path):
    data = captions(write_file(tmp_path / "captions_val2017.json", captions_json()))
    assert targets(data) == COCO
    sample = data.samples[0]
    assert (sample.id, sample.group, sample.tags) == ("7", "7", {})
    missing = "no image file 7.jpg; give --data FOLDER with the image files"
    assert sample.inputs == {"image": InvalidContent(missing, str(tmp_path / "7.jpg"))}


def test_coco_with_images(tmp_path):
    write_file(tmp_path / "annotations/captions_val2017.json", captions_json())
    touch(tmp_path / "val2017", "7.jpg", "12.jpg")
    data = captions(tmp_path)
    assert [sample.inputs["image"].name for sample in data.samples] == [
        str(tmp_path / "val2017/7.jpg"),
        str(tmp_path / "val2017/12.jpg"),
    ]


def test_karpathy_split(tmp_path):
    file = write_file(tmp_path / "dataset_coco.json", karpathy_json())
    cakes = [f"cake {n}" for n in range(3)]
    assert targets(captions(tmp_path)) == {"391895": ["a man", "a moped"], "522418": cakes}
    assert targets(captions(file, split="train")) == {"57870": ["a restaurant"]}
    with pytest.raises(UnknownName, match="set data option `split`"):
        captions(file, split="tets")


def instances_json(*images: int, **more: object) -> dict[str, object]:
    """Return the objects of images: a cat in the first, and a cat and two dining tables in all."""
    objects = [(images[0], 17), *((image, n) for image in images for n in (67, 17, 67))]
    notes = [
        {"id": i, "image_id": image, "category_id": n, "iscrowd": 0, "segmentation": [[0.5, 1]]}
        for i, (image, n) in enumerate(objects)
    ]
    names = {17: "cat", 67: "dining table"}
    return {
        "images": [{"id": image, "file_name": f"{image}.jpg"} for image in images],
        "annotations": notes,
        "categories": [{"id": n, "name": name, "supercategory": ""} for n, name in names.items()],
    } | more


@pytest.mark.parametrize("place", ["", "annotations/"])
def test_objects_of_coco(tmp_path, place):
    write_file(tmp_path / "captions_val2017.json", captions_json())
    both = "cat, dining table"
    write_file(tmp_path / f"{place}instances_val2017.json", instances_json(12, 3))
    assert all(sample.tags == {} for sample in captions(tmp_path, objects=True).samples)
    other = instances_json(7, annotations=[{"id": 1, "image_id": 7, "category_id": 17}])
    write_file(tmp_path / f"{place}instances_train2017.json", other)
    data = captions(tmp_path, objects=True)
    assert {s.id: s.tags for s in data.samples} == {
        "7": {"objects": "cat"},
        "12": {"objects": both},
    }
    assert all(sample.tags == {} for sample in captions(tmp_path).samples)


def test_an_image_without_objects_and_a_damaged_file(tmp_path):
    write_file(tmp_path / "captions_val2017.json", captions_json())
    file = write_file(tmp_path / "instances_val2017.json", instances_json(7, 12, annotations=[]))
    assert [s.tags for s in captions(tmp_path, objects=True).samples] == [{"objects": ""}] * 2
    write_file(file, instances_json(7, 12, categories=[]))
    with pytest.raises(DataError, match="image 7 has the category 17, which `categories` does not"):
        captions(tmp_path, objects=True)
    write_file(file, b'{"images": [')
    with pytest.raises(DataError, match=r"instances_val2017\.json"):
        captions(tmp_path, objects=True)


DOUBT = {"doubt": "nothing says that captions_val2017.json is of the split test"}


@pytest.mark.parametrize("read", [captions, coco])
@pytest.mark.parametrize(
    ("name", "split", "content", "source"),
    [
        ("captions_val2017.json", "test", captions_json(), DOUBT),
        ("captions_val2017.json", "val", captions_json(), {}),
        ("coco_test_karpathy.json", "test", captions_json(), {}),
        ("x.json", "test", karpathy_json(), {}),
    ],
)
def test_a_file_without_splits_is_in_doubt_unless_its_name_tells(
    tmp_path, read, name, split, content, source
):
    touch(tmp_path / "images", "7.jpg", "12.jpg", "v1.jpg", "v2.jpg")
    assert read(write_file(tmp_path / name, content), split=split).source == source


def test_first_captions_and_first_images(tmp_path):
    file = write_file(tmp_path / "x.json", captions_json())
    assert targets(captions(file, captions=1)) == {"7": ["a cat"], "12": ["a dog"]}
    assert targets(captions(file, images=1)) == {"7": COCO["7"]}
    with pytest.raises(SpecError, match="data option images"):
        captions(file, images=0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", json.dumps(COCO)),
        ("x.jsonl", '{"id": 7, "references": ["a cat", "a dry cat"]}\n\n'
         '{"image_id": "12", "references": ["a dog", " two dogs. ", "a wet dog"]}\n'),
        ("x.csv", "id,caption\n7,a cat\n12,a dog\n7,a dry cat\n12, two dogs. \n12,a wet dog\n"),
        ("x.tsv", "\ufeffcaption\timage_id\r\na cat\t7\r\na dog\t12\r\na dry cat\t7\r\n"
         " two dogs. \t12\r\na wet dog\t12\r\n"),
    ],
)  # fmt: skip
def test_other_formats(tmp_path, name, content):
    file = write_file(tmp_path / name, content)
    assert targets(captions(file)) == targets(captions(tmp_path)) == COCO


def test_images_by_their_column_or_by_the_name_of_the_id(tmp_path):
    touch(tmp_path / "images", "one.png", "b.webp")
    write_file(
        tmp_path / "x.csv", "id,caption,image\na,first,one.png\na,second,one.png\nb,third,\n"
    )
    media = [sample.inputs["image"] for sample in captions(tmp_path).samples]
    places = [str(tmp_path / f"images/{name}") for name in ("one.png", "b.webp")]
    assert media == [Media("image", place) for place in places]


def without(key, value):
    data = captions_json()
    data[key] = value
    return json.dumps(data)


LOST = [{"id": n, "file_name": f"{n}.jpg"} for n in (7, 12, *range(100, 107))]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.json", without("images", LOST),
         "7 of 9 images have no caption to compare with: 100, 101, 102, 103, 104 and 2 more"),
        ("x.json", without("images", LOST[:1]), "3 captions of images that the file does not list"),
        ("x.json", without("images", LOST[:2] * 2), "each image id must occur once"),
        ("x.json", '{"a": []}', "1 of 1 image has no caption to compare with: a"),
        ("x.json", '{"a": 3}', "x.json: a: Expected `array`"),
        ("x.json", '{"a": ["b"', "x.json: line 1 column"),
        ("x.json", '["a"]', "x.json: $[0] is not an object of columns and values"),
        ("x.jsonl", '{"id": 1, "references": "a cat"}', "'a cat'; give a list of strings"),
        ("x.jsonl", '{"id": 1, "refs": ["a cat"]}', "(no caption); the columns are id, refs; add"),
        ("x.jsonl", '{"id": 1, "references": []}', "1 of 1 image has no caption"),
        ("x.csv", "id,caption\n", "no rows of data"),
        ("x.csv", "", "no header line"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, name, content, words):
    file = write_file(tmp_path / name, content)
    with pytest.raises(DataError) as caught:
        captions(file)
    assert words in str(caught.value) and name in str(caught.value)


def test_no_data(tmp_path):
    with pytest.raises(DataError, match="no data were given; give --data PATH"):
        captions(None)
    with pytest.raises(DataError, match="has no media files"):
        captions(tmp_path)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXTS.filter(bool), st.lists(TEXTS, min_size=1), min_size=1))
def test_round_trip(tmp_path_factory, references):
    folder = tmp_path_factory.getbasetemp()
    rows = [{"id": id, "references": texts} for id, texts in references.items()]
    file = write_lines(folder / "refs.jsonl", *rows)
    assert targets(captions(file)) == references
    if "images" not in references:
        assert targets(captions(write_file(folder / "refs.json", references))) == references


def test_fakecap():
    folder = real_data("captions/fakecap")
    data = captions(folder / "en_captions_val2014.json")
    results = read_outputs(folder / "en_captions_val2014_fakecap_results.json")
    assert len(data.samples) == 1000
    assert sum(len(sample.target) for sample in data.samples) == 5005
    assert {sample.id for sample in data.samples} == set(results.values)
    assert targets(data)["331352"][0] == "A small closed toilet in a cramped space."


def test_clipscore_example():
    folder = real_data("captions/clipscore/example")
    data = captions(folder / "refs.json")
    assert set(targets(data)) == set(read_outputs(folder / "good_captions.json").values)
    assert [sample.inputs["image"] for sample in data.samples] == [
        Media("image", str(folder / f"images/{name}.jpg")) for name in ("image1", "image2")
    ]


def test_tars(tmp_path):
    members = [(f"{n:03}.{end}", b"%d" % n) for n in range(2) for end in ("jpg", "txt")]
    data = captions(write_tar(tmp_path / "0.tar", members))
    assert targets(data) == {"000": ["0"], "001": ["1"]}
    assert data.source["columns"] == "caption=txt,id=key"
    write_tar(tmp_path / "0.tar", [("a.jpg", b"x"), ("a.txt", b"a dog\na wet dog")])
    assert targets(captions(tmp_path)) == {"a": ["a dog", "a wet dog"]}
