"""The source `folder`: images with their captions beside them."""

import pytest

from mmbench.data.sources.media_folders import folder
from mmbench.errors import DataError, SampleError
from mmbench.media import decode_image, read_bytes
from mmbench.types import InvalidContent
from tests.support.datasets import texts
from tests.support.errors import one_line_error
from tests.support.media.images import save_image


def ids(data):
    return [document.id for document in data.corpus]


def test_images_and_their_captions(tmp_path):
    save_image(tmp_path / "b.png", (7, 8, 9))
    save_image(tmp_path / "sub/deep/a.JPG")
    (tmp_path / "b.txt").write_text("a grey square\na square\n")
    (tmp_path / "sub/deep/a.txt").write_text("a dark square")
    data = folder(tmp_path)
    assert ids(data) == ["b", "sub/deep/a"]
    assert texts(data) == {
        "b#0": "a grey square",
        "b#1": "a square",
        "sub/deep/a#0": "a dark square",
    }
    assert data.links == {"b#0": {"b": 1}, "b#1": {"b": 1}, "sub/deep/a#0": {"sub/deep/a": 1}}
    assert [query.group for query in data.queries] == ["b", "b", "sub/deep/a"]
    media = data.corpus[0].inputs["image"]
    assert decode_image(read_bytes(media), media.name).getpixel((0, 0)) == (7, 8, 9)


@pytest.mark.parametrize("name", ["x.jpeg", "x.Png", "x.WEBP", "x.tiff", "x.bmp", "x.gif"])
def test_usual_extensions_in_any_case(tmp_path, name):
    save_image(tmp_path / name)
    assert ids(folder(tmp_path)) == ["x"]


def test_an_image_without_captions_is_a_distractor(tmp_path):
    save_image(tmp_path / "a.png")
    data = folder(tmp_path)
    assert (ids(data), data.queries, data.links) == (["a"], [], {})


def test_captions_without_an_image_keep_their_link(tmp_path):
    save_image(tmp_path / "a.png")
    (tmp_path / "lost.txt").write_text("nowhere to be seen")
    data = folder(tmp_path)
    assert data.links == {"lost#0": {"lost": 1.0}}
    assert ids(data) == ["a"]


def test_empty_captions_are_broken_and_blank_lines_at_the_end_are_nothing(tmp_path):
    for name in ("empty", "middle", "end"):
        save_image(tmp_path / f"{name}.png")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "middle.txt").write_text("one\n \nthree")
    (tmp_path / "end.txt").write_text("one\ntwo\n\n \n")
    empty = InvalidContent("empty caption")
    assert texts(folder(tmp_path)) == {
        "empty#0": empty,
        "end#0": "one",
        "end#1": "two",
        "middle#0": "one",
        "middle#1": empty,
        "middle#2": "three",
    }


def test_a_text_file_at_fault_fails_alone(tmp_path):
    save_image(tmp_path / "a.png")
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    (tmp_path / "b.txt").write_bytes("\ufeffcafé\r\nthé\r\n".encode())
    found = texts(folder(tmp_path))
    assert found["a#0"] == InvalidContent(
        f"{tmp_path}/a.txt: line 1 column 4 (byte 3): not UTF-8; save the file as UTF-8"
    )
    assert (found["b#0"], found["b#1"]) == ("café", "thé")


def test_a_broken_image_fails_alone(tmp_path):
    save_image(tmp_path / "a.png")
    (tmp_path / "b.png").touch()
    data = folder(tmp_path)
    assert read_bytes(data.corpus[0].inputs["image"])
    with pytest.raises(SampleError, match=r"b\.png is empty"):
        read_bytes(data.corpus[1].inputs["image"])


def test_hidden_files_are_left_out(tmp_path):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / ".thumbs/a.png")
    (tmp_path / "._a.png").touch()
    assert ids(folder(tmp_path)) == ["a"]


def test_links_between_folders_are_followed_once(tmp_path):
    save_image(tmp_path / "data/a.png")
    save_image(tmp_path / "elsewhere/b.png")
    (tmp_path / "data/loop").symlink_to(tmp_path / "data")
    (tmp_path / "data/more").symlink_to(tmp_path / "elsewhere")
    assert ids(folder(tmp_path / "data")) == ["a", "more/b"]


def message(root):
    with one_line_error(DataError) as caught:
        folder(root)
    return str(caught.value)


def test_what_is_an_error(tmp_path):
    assert "give --data FOLDER" in message(None)
    assert f"{tmp_path}/gone: no such folder" in message(tmp_path / "gone")
    assert f"{tmp_path}: no image file in it or its subfolders (.jpg" in message(tmp_path)
    (tmp_path / "a.txt").write_text("a caption")
    assert "a.txt: no such folder" in message(tmp_path / "a.txt")


def test_two_images_of_one_name(tmp_path):
    save_image(tmp_path / "a.png")
    save_image(tmp_path / "a.jpg")
    assert f"{tmp_path}: each image id must occur once" in message(tmp_path)
    assert "repeated: a;" in message(tmp_path)
