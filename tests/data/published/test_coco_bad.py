"""The source `coco` on bad input: what is said of it, and that nothing else is lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.published.coco import coco
from mmbench.errors import DataError, MmbenchError, SampleError
from mmbench.media import read_bytes
from mmbench.types import InvalidContent, Media
from tests.support.datasets import paths, texts
from tests.support.errors import one_line_error
from tests.support.files import write_file
from tests.support.layouts.coco import captions_json, karpathy_json, touch


def message(root, kind=DataError, **options):
    with one_line_error(kind) as caught:
        coco(root, **options)
    return str(caught.value)


def test_no_data(tmp_path):
    assert "give --data FOLDER" in message(None)
    assert f"{tmp_path}/gone: no such file or folder" in message(tmp_path / "gone")
    assert f"{tmp_path}: no annotations file (looked for dataset_coco.json" in message(tmp_path)


def test_no_image_at_all(tmp_path):
    file = write_file(tmp_path / "annotations/captions_val2017.json", captions_json())
    (tmp_path / "val2017").mkdir()
    # Embeddings are scored without the images; `run` and `check` refuse with this reason.
    (reason,) = {document.inputs["image"].reason for document in coco(file).corpus}
    assert reason.startswith(
        f"{file}: none of its 2 images was found, e.g. '7.jpg' (looked"
        f" in {tmp_path}/annotations, {tmp_path}, {tmp_path}/val2017); put"
    )


# Each fault with the place that is to be named: lines and columns from 1, columns in bytes.
MALFORMED = [
    ('{"images": [{]}', "line 1 column 14 (byte 13): JSON is malformed"),
    ('{"images": [\n  {"id": 1,}\n]}', "line 2 column 12 (byte 24): JSON is malformed"),
    ('{"ä": 1,\n "images" 3}', "line 2 column 11 (byte 20): JSON is malformed"),
    ('{"images": [\n{"id": 1', "line 2 column 9 (byte 21): Input data was truncated"),
    ("", "is empty"),
    ("not json", "is text that begins with 'not json', not JSON"),
]


@pytest.mark.parametrize(("text", "place"), MALFORMED)
def test_malformed_json_is_shown_by_its_place(tmp_path, text, place):
    file = write_file(tmp_path / "captions.json", text)
    found = message(file)
    assert found.startswith(str(file))
    assert place in found


def test_a_byte_that_is_not_utf8(tmp_path):
    file = tmp_path / "captions.json"
    file.write_bytes(b'{"images": [\n{"id": 1, "file_name": "\xff"}], "annotations": []}')
    assert f"{file}: line 2 column 25 (byte 37): not UTF-8" in message(file)


def test_a_byte_order_mark_is_skipped(tmp_path):
    file = tmp_path / "captions.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(captions_json()).encode())
    touch(tmp_path, "7.jpg")
    assert len(coco(file).queries) == 5


def test_images_without_a_file_name_fail_alone(tmp_path):
    """pycocoevalcap reads the ids of images alone; only a run, or embedding them, needs files."""
    content = captions_json()
    del content["images"][1]["file_name"]
    write_file(tmp_path / "captions.json", content)
    touch(tmp_path, "7.jpg")
    first, second = (sample.inputs["image"] for sample in coco(tmp_path / "captions.json").corpus)
    assert isinstance(first, Media) and read_bytes(first)
    assert isinstance(second, Media)
    with pytest.raises(SampleError):
        read_bytes(second)


def test_deep_nesting_is_an_error(tmp_path):
    file = write_file(tmp_path / "captions.json", '{"x": ' + "[" * 200_000)
    assert message(file).startswith(str(file))


@pytest.mark.parametrize(
    ("keys", "value", "entry"),
    [
        (("annotations", 3, "caption"), None, "`caption` - at `$.annotations[3]`"),
        (("annotations", 0, "image_id"), None, "`image_id` - at `$.annotations[0]`"),
        (("annotations",), None, "`annotations`"),
        (("images",), None, "`images`"),
        (("annotations", 2, "caption"), 5, "Expected `str`, got `int` - at `$.annotations[2].capt"),
        (("images", 0, "id"), 1.5, "Expected `int | str`, got `float` - at `$.images[0].id`"),
    ],
)
def test_a_key_that_is_missing_or_wrong_is_shown_by_its_entry(tmp_path, keys, value, entry):
    content = captions_json()
    place = content
    for key in keys[:-1]:
        place = place[key]
    place.pop(keys[-1])
    if value is not None:
        place[keys[-1]] = value
    file = write_file(tmp_path / "captions.json", content)
    assert entry in message(file)
    assert str(file) in message(file)


def test_a_karpathy_entry_without_a_key(tmp_path):
    content = karpathy_json()
    del content["images"][2]["sentences"][1]["raw"]
    file = write_file(tmp_path / "dataset_coco.json", content)
    assert f"{file}: $.images[2].sentences: Object missing required field `raw` - at `$[1]`" in (
        message(file)
    )
    del content["images"][2]["filename"]
    assert "`filename` - at `$.images[2]`" in message(write_file(file, content))


def test_a_list_and_an_empty_file_are_not_captions(tmp_path):
    assert "lists no images" in message(write_file(tmp_path / "a.json", "[]"))
    # A list is BLIP's format.
    assert "missing required field `image`" in message(
        write_file(tmp_path / "a.json", '[{"a": 1}]')
    )
    empty = {"images": [], "annotations": []}
    assert "lists no images" in message(write_file(tmp_path / "a.json", empty))


def test_duplicate_ids_are_named(tmp_path):
    content = captions_json()
    content["images"].append({"id": "7", "file_name": "12.jpg"})
    file = write_file(tmp_path / "captions.json", content)
    touch(tmp_path, "7.jpg", "12.jpg")
    assert f"{file}: each image id must occur once" in message(file)
    assert "repeated: 7;" in message(file)
    content = captions_json()
    content["annotations"] *= 2
    assert "caption id must occur once, but these are repeated: 1, 2, 3, 4, 5;" in (
        message(write_file(file, content))
    )
    content["annotations"] += [{"id": i // 2, "image_id": 7, "caption": "x"} for i in range(100)]
    assert "repeated: 1, 2, 3, 4, 5 and 45 more;" in message(write_file(file, content))


def test_a_caption_without_its_image_keeps_its_link(tmp_path):
    content = captions_json()
    content["annotations"][0]["image_id"] = 99
    touch(tmp_path, "7.jpg", "12.jpg")
    data = coco(write_file(tmp_path / "captions.json", content), images=1)
    assert data.links["1"] == {"99": 1.0}
    assert list(texts(data)) == ["1", "2", "5"]
    assert list(paths(data)) == ["7"]


def test_an_image_without_captions_is_a_distractor(tmp_path):
    content = captions_json()
    content["annotations"] = content["annotations"][:1]
    touch(tmp_path, "7.jpg", "12.jpg")
    data = coco(write_file(tmp_path / "captions.json", content))
    assert list(paths(data)) == ["7", "12"]
    assert data.links == {"1": {"12": 1.0}}


@pytest.mark.parametrize("empty", ["", " ", "\n\t\u00a0"])
def test_an_empty_caption_is_broken(tmp_path, empty):
    content = captions_json()
    content["annotations"][1]["caption"] = empty
    touch(tmp_path, "7.jpg", "12.jpg")
    data = coco(write_file(tmp_path / "captions.json", content))
    assert texts(data)["2"] == InvalidContent("empty caption")
    assert texts(data)["1"] == "a dog"


def test_a_missing_image_fails_alone_when_it_is_read(tmp_path):
    file = write_file(tmp_path / "captions.json", captions_json())
    touch(tmp_path / "val2014", "12.jpg")
    data = coco(file)
    assert data.corpus[0].inputs["image"] == Media("image", f"{tmp_path}/val2014/7.jpg")
    with pytest.raises(SampleError, match=r"val2014/7\.jpg"):
        read_bytes(data.corpus[0].inputs["image"])
    assert read_bytes(data.corpus[1].inputs["image"]) == b"image"


def test_a_name_that_no_file_has_is_broken(tmp_path):
    content = captions_json()
    content["images"][0]["file_name"] = "a/\0.jpg"
    touch(tmp_path, "12.jpg")
    data = coco(write_file(tmp_path / "captions.json", content))
    assert isinstance(data.corpus[0].inputs["image"], InvalidContent)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


@given(st.data())
def test_damaged_json_is_read_or_is_an_error(folder, data):
    touch(folder, "7.jpg", "12.jpg", "v1.jpg")
    good = json.dumps(data.draw(st.sampled_from([captions_json(), karpathy_json()]))).encode()
    bad = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for place in data.draw(st.lists(st.integers(0, len(good)), max_size=3)):
        if place < len(bad):
            bad[place] = data.draw(st.integers(0, 255))
    file = folder / "captions.json"
    file.write_bytes(bad)
    try:
        coco(file)
    except MmbenchError as error:
        assert "\n" not in str(error)
