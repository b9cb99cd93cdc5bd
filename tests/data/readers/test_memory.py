"""Rows in memory: the same contents in every form, honest keys, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmbench.columns import ABSENT
from mmbench.data.mapping.pairs import pair_columns, pairs_from_rows
from mmbench.data.readers.memory.rows import memory_rows
from mmbench.errors import DataError, SampleError
from mmbench.media import decode_image, decode_sound, read_bytes
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import Media

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
PICTURE = Image.fromarray(PIXELS)
TEXTS = ["a dog", "a cat", "a fox"]


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[ContentKeys]:
    with ContentKeys(tmp_path) as opened:
        yield opened


def pictures(n: int = 3) -> list[Image.Image]:
    return [Image.fromarray(np.roll(PIXELS, at, 0)) for at in range(n)]


def medium(cell: Any, modality: Any = "image") -> Media:
    (found,) = memory_rows([{"x": cell}]).media("x", modality)
    assert isinstance(found, Media)
    return found


def decoded(cell: Any) -> Any:
    one = medium(cell)
    return np.asarray(decode_image(read_bytes(one), one.name))


class Items(torch.utils.data.Dataset[Any]):
    """A map-style data set; `change` is applied to each item that is read."""

    def __init__(self, items: list[Any], change: Any = lambda item: item) -> None:
        self.items, self.change, self.reads = items, change, 0

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, at: int) -> Any:
        self.reads += 1
        return self.change(self.items[at])


FORMS = {
    "PIL": PICTURE,
    "array": PIXELS,
    "tensor": torch.tensor(PIXELS).permute(2, 0, 1),
    "tensor of ToTensor": torch.tensor(PIXELS).permute(2, 0, 1).float() / 255,
    "floats": PIXELS / 255,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_image_has_its_pixels_and_one_key(form: str, keys: ContentKeys) -> None:
    np.testing.assert_array_equal(decoded(FORMS[form]), PIXELS)
    assert keys.key(medium(FORMS[form])) == keys.key(medium(PICTURE.copy()))
    assert keys.known(medium(FORMS[form])) == keys.key(medium(PICTURE))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK", "YCbCr", "HSV"])
def test_other_modes_are_decoded_as_the_image_is_converted(mode: str, keys: ContentKeys) -> None:
    image = Image.fromarray(PIXELS.astype(np.uint16)[:, :, 0] << 8) if mode == "I;16" else None
    image = image or PICTURE.convert("RGB").convert(mode)
    grey = np.stack([PIXELS[:, :, 0]] * 3, 2)
    expected = grey if mode == "I;16" else np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(decoded(image), expected)
    if mode != "1":
        assert keys.key(medium(image)) != keys.key(medium(PICTURE))


def test_a_photograph_is_upright_as_its_file_is() -> None:
    stream = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    PICTURE.save(stream, "PNG", exif=exif)
    opened = Image.open(BytesIO(stream.getvalue()))
    np.testing.assert_array_equal(decoded(opened), decoded(stream.getvalue()))
    assert decoded(opened).shape == (7, 5, 3)


@settings(max_examples=25)
@given(st.integers(0, 4), st.integers(0, 6), st.integers(0, 2), st.integers(1, 255))
def test_a_changed_pixel_changes_the_key(y: int, x: int, channel: int, by: int) -> None:
    other = PIXELS.copy()
    other[y, x, channel] ^= np.uint8(by)
    first, second = medium(PIXELS).read, medium(other).read
    assert first.file.digests != second.file.digests


def test_a_size_is_part_of_the_key(keys: ContentKeys) -> None:
    shapes = [PIXELS, PIXELS.reshape(7, 5, 3), PIXELS[:, :, 0], PIXELS.reshape(5, 21)]
    assert len({keys.key(medium(one)) for one in shapes}) == 4


TONE = np.sin(np.arange(800) / 10).astype(np.float32)


@pytest.mark.parametrize(
    "cell",
    [
        (TONE, 8000),
        (torch.tensor(TONE)[None], 8000),
        (TONE[:, None], 8000),
        (TONE.astype(np.float64), 8000),
        {"array": TONE, "sampling_rate": 8000, "path": None},
        ((TONE * 2**15).astype(np.int16), 8000),
    ],
    ids=["samples", "tensor", "channels", "double", "datasets", "int16"],
)
def test_sounds(cell: Any, keys: ContentKeys) -> None:
    sound = medium(cell, "audio")
    found = decode_sound(read_bytes(sound), sound.name, 8000)
    np.testing.assert_allclose(found.samples, TONE, atol=1e-4)
    assert keys.key(sound) != keys.key(medium((TONE, 16_000), "audio"))


def test_columns_of_all_kinds_of_data(tmp_path: Path, own_datasets: None) -> None:
    rows = [
        {"image": picture, "text": text, "n": at, "share": at / 2, "names": [text]}
        for at, (picture, text) in enumerate(zip(pictures(), TEXTS, strict=True))
    ]
    kinds: list[Any] = [
        rows, pd.DataFrame(rows), datasets.Dataset.from_list(rows), Items(rows), tuple(rows)
    ]  # fmt: skip
    for data in kinds:
        found = memory_rows(data)
        assert found.names() == ["image", "text", "n", "share", "names"]
        assert list(found.column("text")) == TEXTS
        assert list(found.column("n")) == [0, 1, 2] and list(found.column("share")) == [0, 0.5, 1]
        assert [list(one) for one in found.column("names")] == [[text] for text in TEXTS]
        assert found.content_type("image") == "image" and not found.content_type("text")
        for cell, picture in zip(found.media("image", "image"), pictures(), strict=True):
            assert isinstance(cell, Media)
            image = decode_image(read_bytes(cell), cell.name)
            np.testing.assert_array_equal(np.asarray(image), np.asarray(picture))


def test_missing_cells(keys: ContentKeys) -> None:
    frame = pd.DataFrame({"text": ["a", None, float("nan")], "image": [PIXELS, None, "x.png"]})
    rows = memory_rows(frame)
    assert list(rows.column("text")) == ["a", None, None]
    cells = rows.media("image", "image")
    assert isinstance(cells[0], Media) and list(cells[1:]) == [None, "x.png"]
    listed = memory_rows([{"a": 1}, {"b": 2}])
    assert list(listed.read("a")) == [1, ABSENT]


def test_numbers_and_paths_are_plain() -> None:
    row = {"n": np.int64(3), "x": np.float32(0.5), "t": torch.tensor(2), "p": Path("a/b.jpg"),
           "v": np.arange(2), "s": {"path": "c.jpg", "bytes": None}}  # fmt: skip
    rows = memory_rows([row])
    cells = {name: rows.column(name)[0] for name in rows.names()}
    assert cells == {"n": 3, "x": 0.5, "t": 2, "p": "a/b.jpg", "v": [0, 1], "s": "c.jpg"}
    assert type(cells["n"]) is int


def test_items_that_are_tuples_are_called_by_their_kind() -> None:
    data = Items(
        [
            (picture, at, text)
            for at, (picture, text) in enumerate(zip(pictures(), TEXTS, strict=True))
        ]
    )
    data.classes = ["dog", "cat", "fox"]  # type: ignore[attr-defined]  # as in torchvision
    rows = memory_rows(data)
    assert rows.names() == ["image", "label", "text"]
    assert rows.classes("label") == ["dog", "cat", "fox"] and rows.classes("text") == []
    assert list(rows.column("label")) == [0, 1, 2]
    sounds = memory_rows(Items([((TONE, 8000), "a", "b", 0.5)]))
    assert sounds.names() == ["audio", "text", "column_3", "column_4"]


@pytest.mark.parametrize("samples", [TONE, torch.tensor(TONE)[None]], ids=["row", "torchaudio"])
def test_samples_rate_and_transcript(samples: Any) -> None:
    rows = memory_rows(Items([(samples, 8000, "go", 84, 121123, 0)]))
    assert rows.names() == ["audio", "text", "label", "column_4", "column_5"]
    (sound,) = rows.media("audio", "audio")
    assert isinstance(sound, Media)
    assert decode_sound(read_bytes(sound), sound.name, 8000).samples.shape == (800,)
    picture = memory_rows(Items([(torch.zeros(28, 28), 7, "seven")]))
    assert picture.names() == ["image", "label", "text"]


def test_samples_without_a_rate_are_refused() -> None:
    with pytest.raises(DataError, match=r"need their rate; give \(samples, rate\)"):
        memory_rows([{"audio": TONE, "text": "a"}]).media("audio", "audio")


def test_items_are_read_again_and_not_kept(keys: ContentKeys) -> None:
    data = Items([{"image": picture} for picture in pictures()])
    rows = memory_rows(data)
    assert data.reads == 3
    cells = rows.media("image", "image")
    assert keys.key(cells[1]) and data.reads == 3
    read_bytes(cells[1])  # type: ignore[arg-type]
    assert data.reads == 4


def test_random_transforms_are_not_evaluated_in_silence() -> None:
    random = np.random.default_rng(0)
    data = Items([{"image": PIXELS}], lambda item: {"image": random.permutation(item["image"])})
    (cell,) = memory_rows(data).media("image", "image")
    assert isinstance(cell, Media)
    with pytest.raises(SampleError, match="returned something else than before; evaluate it with"):
        read_bytes(cell)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (np.zeros((2, 3, 5)), r"shape \(2, 3, 5\) is no image; give \[height, width, 1, 3 or 4\]"),
        (torch.randn(3, 4, 4), "before they are normalised"),
        (np.full((4, 4), 300), "is neither of uint8 nor of numbers from 0 to 1"),
        ((np.zeros((2, 2, 2)), 8000), "are no sound"),
        (Image.new("F", (3, 3)), "floating-point pixels"),
    ],
)
def test_an_array_that_is_no_medium_fails_alone(cell: Any, words: str) -> None:
    rows = memory_rows([{"x": cell, "text": "a"}, {"x": PIXELS, "text": "b"}])
    assert list(rows.column("text")) == ["a", "b"]
    first, second = rows.media("x", "image")
    assert isinstance(first, Media) and isinstance(second, Media) and read_bytes(second)
    with pytest.raises(SampleError, match=words):
        read_bytes(first)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"a": [1]}, "the data are a dict; give a path, a list of dicts, a pandas data frame"),
        ({"a": [1]}, r": pandas.DataFrame\(data\) has the columns of a dict$"),
        (iter([{"a": 1}]), r": list\(data\) has the items of an iterable$"),
        (torch.utils.data.DataLoader([1]), ": loader.dataset has the items of a loader$"),  # type: ignore[arg-type]
        (3, "the data are a int; give a path"),
        ([], "no rows"),
        (["a"], "row 0 is a str; give items that are dicts, or tuples"),
        ([{"a": 1}, ("b",)], "row 1 is a tuple and not a dict, as row 0"),
        ([("a", 1), ("b",)], "row 1 is a tuple and not a tuple of 2 parts, as row 0"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns 'a'; rename one"),
        (datasets.DatasetDict(), r"the data set has splits \(\); give one of them"),
        (datasets.IterableDataset.from_generator(lambda: iter(())), "without streaming"),
        ([{"x": PIXELS}, {"x": 3}], "row 1: x is a int, while other rows have image items"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_is_refused(data: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        memory_rows(data).media("x", "image")


def test_a_data_set_in_another_order_has_the_images_of_its_rows(
    tmp_path: Path, own_datasets: None
) -> None:
    columns = {"image": pictures(), "text": TEXTS}
    features = datasets.Features({"image": datasets.Image(), "text": datasets.Value("string")})
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(tmp_path / "saved")
    shuffled = datasets.load_from_disk(tmp_path / "saved").select([2, 0, 1])
    rows = memory_rows(shuffled)
    texts = list(rows.column("text"))
    assert texts != TEXTS and sorted(texts) == sorted(TEXTS)
    for text, cell in zip(texts, rows.media("image", "image"), strict=True):
        assert isinstance(cell, Media)
        found = np.asarray(decode_image(read_bytes(cell), cell.name))
        np.testing.assert_array_equal(found, np.asarray(pictures()[TEXTS.index(text)]))


def test_rows_in_memory_become_pairs() -> None:
    rows = memory_rows(
        [{"image": i, "text": [t, f"{t}!"]} for i, t in zip(pictures(), TEXTS, strict=True)]
    )
    data = pairs_from_rows(rows, pair_columns({}, rows))
    assert data.sizes() == {"query": 6, "corpus": 3}
