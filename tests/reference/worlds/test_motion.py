"""Moving shapes: the same pixels everywhere, no meaning twice, nothing said by a single frame."""

import hashlib
import math
import re
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import DataError, UnknownName
from mmbench.media.video import decode_video
from mmbench.reference.worlds.chance import chance
from mmbench.reference.worlds.motion.batch import film_batch
from mmbench.reference.worlds.motion.captions import captions
from mmbench.reference.worlds.motion.draw import avi, draw_film
from mmbench.reference.worlds.motion.scene import FRAMES, MOTIONS, TURN, Figure, Film, film_at, sine
from mmbench.reference.worlds.motion.sources import (
    _films,
    shapes_motion,
    shapes_video,
    training_film,
)
from mmbench.reference.worlds.shapes.forms import INSIDE
from mmbench.reference.worlds.shapes.objects import COLOURS, SHAPES, SIDE
from mmbench.reference.worlds.shapes.scene import Spot
from mmbench.types import Frames

# SHA-256 over the pixels of the first 10 films and over their captions. They change only when the
# world is changed on purpose (then the versions of its tasks change too).
GOLDEN_PIXELS = "57ffc74b3d08afcbd2f8e01a568fd3c40b66188eb87820744299defc692188f7"
GOLDEN_CAPTIONS = "460aaa6f5051f58f23700c7a8fc28ac88d8df08ac12239e5ba87ce307dd9b060"

# --- the same bytes -----------------------------------------------------------------------------


def test_pixels_and_captions_are_the_golden_ones() -> None:
    films = [film for _, film, _ in _films("test", 10, 48, 0)]
    pixels = b"".join(draw_film(film, 48).tobytes() for film in films)
    told = "\n".join(str(query.inputs["text"]) for query in shapes_video(None, videos=10).queries)
    assert hashlib.sha256(pixels).hexdigest() == GOLDEN_PIXELS
    assert hashlib.sha256(told.encode()).hexdigest() == GOLDEN_CAPTIONS


@pytest.mark.parametrize("size", [48, 65])
def test_the_decoder_gives_the_very_pixels(size: int) -> None:
    sample = shapes_motion(None, videos=1, size=size).samples[0]
    data = sample.inputs["video"].read()
    assert data == sample.inputs["video"].read() == avi(draw_film(film_at("test", 0, 0), size))
    clip = decode_video(data, "film", Frames(FRAMES))
    assert np.array_equal(clip.frames, draw_film(film_at("test", 0, 0), size))
    assert clip.seconds == tuple(i / 8 for i in range(FRAMES))


def test_the_training_stream_needs_only_the_index() -> None:
    late = training_film(7, 900)
    assert [training_film(7, i) for i in (3, 900)][1] == late
    assert training_film(8, 900) != late


def test_batches_are_functions_of_seed_and_step() -> None:
    films, texts, motions = film_batch(0, 5, 3, 48)
    assert films.dtype == np.uint8
    assert films.shape == (3, FRAMES, 48, 48, 3)
    again = film_batch(0, 5, 3, 48)
    assert np.array_equal(films, again.films)
    assert texts == again.texts
    for row, text in enumerate(texts):
        film, told = training_film(0, 12 + row)
        assert text in told
        assert MOTIONS[motions[row]] == film.motion


# --- what the sources yield ---------------------------------------------------------------------


def test_ids_groups_links_and_tags() -> None:
    data = shapes_video(None, videos=30)
    assert (len(data.corpus), len(data.queries)) == (30, 120)
    assert data.queries[70].id == "test-17#2"
    assert data.links["test-17#2"] == {"test-17": 1.0}
    assert data.queries[70].group == data.corpus[17].group == "test-17"
    assert data.queries[70].tags["caption"] == "action"
    motions = shapes_motion(None, videos=30)
    assert [s.id for s in motions.samples] == [s.id for s in data.corpus]
    assert motions.labels == list(MOTIONS)
    films = _films("test", 30, 48, 0)
    assert [MOTIONS[s.target] for s in motions.samples] == [film.motion for _, film, _ in films]


@pytest.mark.parametrize("wrong", [{"videos": 0}, {"videos": 10**5}, {"size": 47}, {"size": 9999}])
@pytest.mark.parametrize("source", [shapes_motion, shapes_video])
def test_numbers_out_of_range_are_refused(source, wrong: dict[str, int]) -> None:
    with pytest.raises(DataError, match=f"{next(iter(wrong))} is .*; give a number"):
        source(None, **wrong)


def test_an_unknown_split_is_answered_with_the_near_one() -> None:
    with pytest.raises(UnknownName, match="did you mean test"):
        shapes_motion(None, split="tests")


# --- meanings -----------------------------------------------------------------------------------


def test_no_two_films_of_a_split_mean_the_same_and_no_split_shows_anothers() -> None:
    test = {film.key for _, film, _ in _films("test", 500, 48, 0)}
    assert len(test) == 500
    assert not test & {training_film(0, i)[0].key for i in range(2000)}


@given(st.integers(0, 10**6))
@settings(max_examples=100)
def test_mover_and_other_are_told_apart_by_colour_and_by_shape(index: int) -> None:
    film = film_at("train", 0, index)
    if film.other:
        assert film.mover.colour != film.other.colour
        assert film.mover.shape != film.other.shape


# --- motion -------------------------------------------------------------------------------------


def test_sines_are_those_of_trigonometry() -> None:
    for angle in range(-TURN, 2 * TURN):
        assert sine(angle) == round(1000 * math.sin(2 * math.pi * angle / TURN))


def moved(motion: str, step: int = 4) -> list[tuple[int, int, int]]:
    """Centre and radius over the frames, from the middle of the picture."""
    spot = Spot(480, 480, 100, (0, 0, 0))
    red = Figure("red", "circle")
    film = Film(red, motion, "slowly", None, spot, step, 0, 100, spot, (0, 0, 0))
    return [film.at(frame)[:3] for frame in range(FRAMES)]


def test_motions_written_out() -> None:
    assert moved("moves left")[:3] == [(480, 480, 100), (476, 480, 100), (472, 480, 100)]
    assert moved("moves right", 40)[12:] == [
        (0, 480, 100),
        (40, 480, 100),
        *moved("moves right", 40)[14:],
    ]
    assert moved("moves up")[15] == (480, 420, 100)
    assert moved("moves down")[15] == (480, 540, 100)
    assert moved("grows")[9:12] == [(480, 480, 136), (480, 480, 70), (480, 480, 74)]
    assert moved("shrinks")[6:9] == [(480, 480, 76), (480, 480, 72), (480, 480, 138)]
    # A quarter of a turn: from the right to the bottom, which is y down; the other to the top.
    assert [moved("circles clockwise")[i][:2] for i in (0, 4)] == [(580, 480), (480, 580)]
    assert [moved("circles anticlockwise")[i][:2] for i in (0, 4)] == [(580, 480), (480, 380)]
    swung = moved("swings from side to side")
    assert [swung[i][:2] for i in (0, 4, 8, 12)] == [(480, 480), (580, 480), (480, 480), (380, 480)]
    assert {y for _, y, _ in swung} == {480}
    bounced = moved("bounces up and down")
    assert [bounced[i][:2] for i in (0, 4, 8, 12)] == [
        (480, 480),
        (480, 380),
        (480, 480),
        (480, 380),
    ]


@pytest.mark.parametrize("frame", [0, 8, 15])
def test_a_single_frame_does_not_tell_the_motion(frame: int) -> None:
    """Place, size, colour and shape of the mover, known exactly, classify at chance."""
    films = [film_at("train", 0, index) for index in range(4000)]
    seen = np.array([_look(film, frame) for film in films])
    labels = np.array([MOTIONS.index(film.motion) for film in films])
    distance = ((seen[3000:, None] - seen[None, :3000]) ** 2).sum(-1)
    near = labels[np.argsort(distance, axis=1)[:, :25]]
    votes = np.array([np.bincount(row, minlength=len(MOTIONS)).argmax() for row in near])
    accuracy = (votes == labels[3000:]).mean()
    assert abs(accuracy - 0.1) < 0.03  # three deviations of 1,000 draws


def _look(film: Film, frame: int) -> list[float]:
    x, y, radius, _ = film.at(frame)
    words = list(COLOURS).index(film.mover.colour) / 80, SHAPES.index(film.mover.shape) / 80
    return [x / SIDE, y / SIDE, (radius - 70) / 70, *words]


def test_all_frames_tell_the_motion() -> None:
    """The ceiling: the steps of centre and radius, known exactly, leave no two motions alike."""
    for index in range(300):
        film = film_at("test", 0, index)
        assert _motion([film.at(frame) for frame in range(FRAMES)]) == film.motion


def _motion(spots: list[Spot]) -> str:
    steps = [
        ((b.x - a.x + 480) % SIDE - 480, (b.y - a.y + 480) % SIDE - 480, b.radius - a.radius)
        for a, b in pairwise(spots)
    ]
    dx, dy, dr = (np.array(column) for column in zip(*steps, strict=True))
    if dr.any():
        return "grows" if np.median(dr) > 0 else "shrinks"
    if dx.any() and dy.any():
        turns = dx[:-1] * dy[1:] - dy[:-1] * dx[1:]
        return "circles clockwise" if turns.sum() > 0 else "circles anticlockwise"
    if dx.any():
        plain = "moves right" if dx[0] > 0 else "moves left"
        return plain if len(set(dx)) == 1 else "swings from side to side"
    plain = "moves down" if dy[0] > 0 else "moves up"
    return plain if len(set(dy)) == 1 else "bounces up and down"


# --- pixels -------------------------------------------------------------------------------------


def test_drawing_agrees_with_a_pixel_by_pixel_loop_on_the_torus() -> None:
    for index in (0, 5, 11):
        film = film_at("test", 0, index)
        image = draw_film(film, 48)[7]
        for row in range(0, 48, 7):
            for column in range(0, 48, 5):
                assert tuple(image[row, column]) == naive_pixel(film, 7, 48, row, column)


def naive_pixel(film: Film, frame: int, size: int, row: int, column: int) -> tuple[int, ...]:
    value = list(film.background)
    things = [(film.other.shape, film.rest)] if film.other else []
    for shape, spot in [*things, (film.mover.shape, film.at(frame))]:
        for dx in (-SIDE, 0, SIDE):
            for dy in (-SIDE, 0, SIDE):
                cover = 0
                for i in range(4):
                    for j in range(4):
                        x = (8 * column + 2 * j + 1) * SIDE - (spot.x + dx) * 8 * size
                        y = (8 * row + 2 * i + 1) * SIDE - (spot.y + dy) * 8 * size
                        radius = spot.radius * 8 * size
                        cover += bool(INSIDE[shape](np.int64(x), np.int64(y), radius))
                value = [
                    (old * (16 - cover) + new * cover + 8) // 16
                    for old, new in zip(value, spot.rgb, strict=True)
                ]
    return tuple(value)


# --- captions -----------------------------------------------------------------------------------

# What the phrases mean, longest first where one holds another.
DOES = {
    "moves to the left": "moves left",
    "moves left": "moves left",
    "goes left": "moves left",
    "moves to the right": "moves right",
    "moves right": "moves right",
    "goes right": "moves right",
    "moves upwards": "moves up",
    "moves up": "moves up",
    "rises": "moves up",
    "moves downwards": "moves down",
    "moves down": "moves down",
    "sinks": "moves down",
    "circles anticlockwise": "circles anticlockwise",
    "goes round anticlockwise": "circles anticlockwise",
    "circles clockwise": "circles clockwise",
    "goes round clockwise": "circles clockwise",
    "swings from side to side": "swings from side to side",
    "swings left and right": "swings from side to side",
    "bounces up and down": "bounces up and down",
    "hops up and down": "bounces up and down",
    "grows": "grows",
    "gets larger": "grows",
    "shrinks": "shrinks",
    "gets smaller": "shrinks",
}
PACES = {"slowly": "slowly", "slow": "slowly", "quickly": "quickly", "quick": "quickly"}
FIGURE = re.compile(
    rf"\b(?:an?|something)\b(?: ({'|'.join(COLOURS)}))?(?: ({'|'.join(SHAPES)}))?\b"
)


class Claim(NamedTuple):
    """What a caption says; None, or an empty word, where it is silent."""

    motion: str
    pace: str | None
    alone: bool
    figures: list[tuple[str | None, ...]]


@cache
def claim(text: str) -> Claim:
    figures = [found.groups() for found in FIGURE.finditer(text) if any(found.groups())]
    if text.startswith("there are"):
        figures.reverse()  # who moves is named first in all other captions
    does = next(motion for phrase, motion in DOES.items() if phrase in text)
    pace = next((PACES[word] for word in text.split() if word in PACES), None)
    return Claim(does, pace, "nothing else" in text or "only" in text, figures)


def fits(text: str, film: Film) -> bool:
    """Whether what a caption says is true of a film: parsed here anew."""
    said = claim(text)
    mover, *others = said.figures
    return (
        said.motion == film.motion
        and said.pace in (None, film.pace)
        and not (said.alone and film.other)
        and _is(mover, film.mover)
        and all(film.other is not None and _is(other, film.other) for other in others)
    )


def _is(said: tuple[str | None, ...], figure: Figure) -> bool:
    return all(word in (None, true) for word, true in zip(said, figure, strict=True))


@given(st.integers(0, 10**6))
@settings(max_examples=200)
def test_every_caption_is_true_of_its_film(index: int) -> None:
    film, texts = training_film(0, index)
    assert len(set(texts)) == 4
    for text in texts:
        assert fits(text, film), (text, film.key)


def test_the_ceiling_of_retrieval_is_that_of_the_task_file() -> None:
    """Who reads all rightly finds the film, or one of those that a caption fits as well."""
    films = [film for _, film, _ in _films("test", 500, 48, 0)]
    queries = shapes_video(None).queries
    counts = [sum(fits(str(q.inputs["text"]), film) for film in films) for q in queries]
    assert np.mean([1 / n for n in counts]) == pytest.approx(0.750, abs=0.0005)
    assert set(counts[::4]) == {1}  # so that each video has a caption that fits it alone


def test_captions_of_a_known_film() -> None:
    spot = Spot(0, 0, 80, (0, 0, 0))
    red, blue = Figure("orange", "star"), Figure("blue", "ring")
    film = Film(red, "moves up", "quickly", blue, spot, 40, 0, 90, spot, (0, 0, 0))
    assert captions(film, chance("literal", 0)) == [
        "an orange star moves up at a quick pace while a blue ring rests",
        "there are a blue ring and an orange star and the star moves up",
        "an orange star that moves up quickly",
        "a star rises",
    ]
    assert captions(film._replace(other=None), chance("literal", 0)) == [
        "an orange star moves up at a quick pace and nothing else is there",
        "there is only an orange star and it moves up",
        "an orange star that moves up quickly",
        "something orange rises",
    ]
