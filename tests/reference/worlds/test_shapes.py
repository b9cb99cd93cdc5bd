"""The shapes world: the same bytes everywhere, no meaning twice, areas as in geometry."""

import io
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmbench.errors import DataError, UnknownName
from mmbench.reference.worlds.shapes.draw import draw, ppm
from mmbench.reference.worlds.shapes.forms import INSIDE
from mmbench.reference.worlds.shapes.objects import SHAPES, SIDE
from mmbench.reference.worlds.shapes.retrieval import shapes, training_scene
from mmbench.reference.worlds.shapes.scene import Scene, scene_at
from mmbench.reference.worlds.splits import distinct
from tests.support.processes import run_python

# SHA-256 over the first 20 images and their captions. Python's integers, SHA-256 and
# random.Random.random() are all that enters, so these hold on every machine; they change only
# when the world is changed on purpose (then the task's version changes too).
GOLDEN_IMAGES = "5c75fc86952d77153abad119678a99a2645526054e31a158cb2d0f272c092be0"
GOLDEN_CAPTIONS = "ad979fc4788d6c2985a200142c5462d11af313e771dabc934127ff2c1670ecf1"

PRINT_GOLDEN = """
import hashlib
from mmbench.reference.worlds.shapes.retrieval import shapes
data = shapes(None, images=20)
images = b"".join(sample.inputs["image"].read() for sample in data.corpus)
told = "\\n".join(sample.inputs["text"] for sample in data.queries).encode()
print(hashlib.sha256(images).hexdigest(), hashlib.sha256(told).hexdigest())
"""


def scene(index: int, split: str = "test") -> Scene:
    return scene_at(split, 0, index)


# --- the same bytes -----------------------------------------------------------------------------


def test_the_bytes_are_the_golden_ones_under_any_hash_seed() -> None:
    for hash_seed in ("0", "4242"):
        settings = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)}
        printed = run_python(PRINT_GOLDEN, **settings)
        assert printed.split() == [GOLDEN_IMAGES, GOLDEN_CAPTIONS]


def test_a_longer_set_begins_like_a_shorter_one() -> None:
    short, long = shapes(None, images=30), shapes(None, images=60)
    assert [q.inputs for q in short.queries] == [q.inputs for q in long.queries[:150]]


def test_another_seed_gives_other_scenes() -> None:
    texts = [{q.inputs["text"] for q in shapes(None, images=50, seed=s).queries} for s in (0, 1)]
    assert len(texts[0] & texts[1]) < 25  # a few short captions may agree by chance


def test_the_training_stream_needs_only_the_index() -> None:
    late = training_scene(7, 900)
    assert [training_scene(7, i) for i in (3, 900)][1] == late
    assert training_scene(8, 900) != late


# --- what the source yields ---------------------------------------------------------------------


def test_ids_groups_links_and_tags() -> None:
    data = shapes(None, images=40)
    assert len(data.corpus) == 40
    assert len(data.queries) == 200
    assert data.queries[88].id == "test-17#3"
    assert data.corpus[17].id == "test-17"
    assert data.links["test-17#3"] == {"test-17": 1.0}
    assert data.queries[88].group == data.corpus[17].group == "test-17"
    assert data.queries[88].tags["caption"] == "inventory"
    assert {q.tags["objects"] for q in data.queries} == {"1", "2", "3"}


@pytest.mark.parametrize("size", [64, 100, 224])
def test_pillow_reads_the_image(size: int) -> None:
    sample = shapes(None, images=1, size=size).corpus[0]
    image = Image.open(io.BytesIO(sample.inputs["image"].read()))
    assert (image.format, image.mode, image.size) == ("PPM", "RGB", (size, size))
    assert np.array_equal(np.asarray(image), draw(scene(0), size))


@pytest.mark.parametrize("wrong", [{"images": 0}, {"images": 10**7}, {"size": 63}, {"size": 9999}])
def test_numbers_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(DataError, match=f"{next(iter(wrong))} is .*; give a number"):
        shapes(None, **wrong)


def test_an_unknown_split_is_answered_with_the_near_one() -> None:
    with pytest.raises(UnknownName, match="did you mean test"):
        shapes(None, split="tests")


# --- meanings -----------------------------------------------------------------------------------


def test_no_two_scenes_of_a_split_mean_the_same() -> None:
    assert len({s.key for s in distinct(1000, partial(scene_at, "test", 0))}) == 1000


def test_training_never_shows_a_test_scene() -> None:
    test = {scene(i).key for i in range(2000)}
    stream = {training_scene(0, i)[0].key for i in range(4000)}
    assert not test & stream
    assert {scene_at("validation", 0, i).split for i in range(50)} == {"validation"}


@given(st.integers(0, 10**6))
@settings(max_examples=200)
def test_things_never_touch_and_are_told_apart(index: int) -> None:
    it = scene(index, "train")
    assert 1 <= len(it.objects) <= 3
    assert len({(t.colour, t.shape) for t in it.objects}) == len(it.objects)
    assert list(it.objects) == sorted(it.objects)
    for thing, spot in zip(it.objects, it.spots, strict=True):
        for at, cell in ((spot.x, thing.column), (spot.y, thing.row)):
            assert cell * SIDE // 3 <= at - spot.radius
            assert at + spot.radius <= (cell + 1) * SIDE // 3


# --- pixels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_fills_its_radius_and_no_more(shape: str) -> None:
    line = np.arange(-120, 121, dtype=np.int64)
    mask = INSIDE[shape](line[None, :], line[:, None], 100)
    y, x = np.nonzero(mask)
    assert (
        np.hypot(x - 120, y - 120).max() <= 123
    )  # the corners of a square or cross reach farthest
    assert 0.15 < mask.sum() / (np.pi * 100**2) < 1.01


def test_areas_are_those_of_geometry() -> None:
    line = np.arange(-1000, 1001, dtype=np.int64)
    area = {s: INSIDE[s](line[None, :], line[:, None], 1000).sum() / 1000**2 for s in SHAPES}
    assert area["circle"] == pytest.approx(np.pi, rel=1e-3)
    assert area["square"] == pytest.approx(1.6**2, rel=1e-2)
    assert area["diamond"] == pytest.approx(2, rel=1e-2)
    assert area["ring"] == pytest.approx(np.pi * (1 - 0.36), rel=1e-2)
    assert area["cross"] == pytest.approx(2 * 2 * 0.6 - 0.6**2, rel=1e-2)
    assert area["triangle"] == pytest.approx(1.7 * 2 / 2, rel=1e-2)
    # A regular pentagram: ten triangles between the centre, a point and an inner corner.
    inner = np.cos(np.radians(72)) / np.cos(np.radians(36))
    assert area["star"] == pytest.approx(5 * inner * np.sin(np.radians(36)), rel=1e-2)


@pytest.mark.parametrize("index", range(12))
def test_drawing_agrees_with_a_pixel_by_pixel_loop(index: int) -> None:
    """Cover counted sample by sample with exact fractions, on a few pixels of each scene."""
    it, size = scene(index), 64
    image = draw(it, size)
    for row in range(2, size, 9):
        for column in range(3, size, 7):
            assert tuple(image[row, column]) == naive_pixel(it, size, row, column)


def naive_pixel(it: Scene, size: int, row: int, column: int) -> tuple[int, ...]:
    value = list(it.background)
    for thing, spot in zip(it.objects, it.spots, strict=True):
        cover = 0
        for i in range(4):
            for j in range(4):
                # Sample centres in units of 1 / (960 · 8 · size) of the side: whole numbers.
                x = (8 * column + 2 * j + 1) * SIDE - spot.x * 8 * size
                y = (8 * row + 2 * i + 1) * SIDE - spot.y * 8 * size
                inside = INSIDE[thing.shape](np.int64(x), np.int64(y), spot.radius * 8 * size)
                cover += bool(inside)
        value = [
            (old * (16 - cover) + new * cover + 8) // 16
            for old, new in zip(value, spot.rgb, strict=True)
        ]
    return tuple(value)


def test_ppm_is_a_header_and_the_raw_bytes() -> None:
    image = np.arange(2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 3)
    assert ppm(image) == b"P6\n2 2\n255\n" + bytes(range(12))
